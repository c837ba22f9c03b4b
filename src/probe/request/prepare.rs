//! From the keys of a request to the request.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING,
};

use super::keys::{Auth, Keys, Version};
use super::payload;
use crate::probe::exchange::{Parsed, Prepared, Proxy, Spoken, Via, default, parse};
use crate::probe::net::Resolving;
use crate::probe::pairs::Pairs;
use crate::probe::{Invalid, json};
use crate::yaml::visible;

/// Checks and puts together what the keys say, and headers of ours where none are written.
pub(in crate::probe) fn prepare(
    keys: &Keys<'_>,
    ours: &[(HeaderName, &'static str)],
) -> Result<Prepared, Invalid> {
    prepare_to(parse(keys.url, keys.query)?, keys, ours)
}

/// The same to a URL that was read already.
pub(in crate::probe) fn prepare_to(
    mut url: Parsed,
    keys: &Keys<'_>,
    ours: &[(HeaderName, &'static str)],
) -> Result<Prepared, Invalid> {
    let userinfo = url.userinfo.take();
    let mut headers = HeaderMap::new();
    for (name, value) in &keys.headers.0 {
        let (name, value) = header(name, value)?;
        headers.append(name, value);
    }
    let (content_type, body) = body(keys)?;
    if keys.multipart.is_some() && headers.contains_key(CONTENT_TYPE) {
        let why = "the `content-type` of `multipart` names its boundary; leave it out";
        return Err(Invalid::new("headers", why));
    }
    if let Some(content_type) = content_type
        && !headers.contains_key(CONTENT_TYPE)
    {
        let content_type = HeaderValue::from_str(&content_type)
            .map_err(|_| Invalid::new("multipart", "its boundary cannot stand in a header"))?;
        headers.insert(CONTENT_TYPE, content_type);
    }
    for (name, value) in ours {
        default(&mut headers, name.clone(), value);
    }
    let mut secrets = Vec::new();
    if let Some(value) = authorization(keys, userinfo, &mut secrets)? {
        if headers.contains_key(AUTHORIZATION) {
            let why = "the header `authorization` is set as well; use one of them";
            return Err(Invalid::new("auth", why));
        }
        headers.insert(AUTHORIZATION, value);
    }
    let mut prepared = Prepared::new(url, method(keys.method)?, headers)?;
    prepared.resolving = Resolving::by("resolver", keys.resolver, &prepared.target.host)?;
    if let Some(addresses) = keys.resolve {
        if keys.resolver.is_some() {
            let why = "only one of `resolve` and `resolver` says how the host is found";
            return Err(Invalid::new("resolver", why));
        }
        if addresses.is_empty() {
            return Err(Invalid::new("resolve", "no address is given"));
        }
        prepared.resolving = Resolving::Given(addresses.to_vec());
    }
    prepared.speak(match keys.version {
        None => Spoken::Agreed,
        Some(Version::Http1) => Spoken::Http1,
        Some(Version::Http2) => Spoken::Http2,
    });
    prepared.via = via(keys, &prepared, &mut secrets)?;
    if prepared.target.is_tls {
        let tls = Arc::make_mut(&mut prepared.tls);
        tls.ca = keys.ca.map(Path::to_owned);
        tls.crl = keys.crl.map(Path::to_owned);
        tls.client_certificate = keys.client_certificate.cloned();
    } else {
        let why = "the URL is `http`, where TLS is not spoken; write `https`";
        for (field, is_given) in [
            ("ca", keys.ca.is_some()),
            ("crl", keys.crl.is_some()),
            ("client_certificate", keys.client_certificate.is_some()),
        ] {
            if is_given {
                return Err(Invalid::new(field, why));
            }
        }
    }
    prepared.set_body(body);
    prepared.secrets = secrets;
    Ok(prepared)
}

fn method(text: &str) -> Result<Method, Invalid> {
    let wrong = |why: String| Err(Invalid::new("method", why));
    match Method::from_bytes(text.as_bytes()) {
        Ok(Method::CONNECT) => {
            wrong("`CONNECT` asks a proxy for a tunnel; it is no request to look at".to_owned())
        }
        Ok(method) if text.bytes().any(|byte| byte.is_ascii_lowercase()) => wrong(format!(
            "methods are case-sensitive; write `{}`",
            method.as_str().to_ascii_uppercase()
        )),
        Ok(method) => Ok(method),
        Err(_) => wrong(format!(
            "`{}` is no method; write `GET` or `POST`",
            visible(text)
        )),
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Invalid> {
    let wrong = |why: String| Invalid::new("headers", why);
    let known = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| wrong(format!("`{}` is no name of a header", visible(name))))?;
    if known == CONTENT_LENGTH || known == TRANSFER_ENCODING {
        return Err(wrong(format!(
            "`{known}` follows from the body; leave it out"
        )));
    }
    if value.contains(['\r', '\n']) {
        return Err(wrong(format!("the value of `{known}` holds a line break")));
    }
    let value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| wrong(format!("the value of `{known}` holds a control character")))?;
    Ok((known, value))
}

/// Through which proxy it goes.
fn via(keys: &Keys<'_>, prepared: &Prepared, secrets: &mut Vec<String>) -> Result<Via, Invalid> {
    let proxy = match keys.proxy {
        None => return Ok(Via::Environment),
        Some("none") => return Ok(Via::Direct),
        Some(text) => Proxy::parse(text).map_err(|why| {
            let hint = "; write the URL of a proxy, or `none`";
            Invalid::new("proxy", format!("{why}{hint}"))
        })?,
    };
    if keys.resolve.is_some() {
        let why = "the proxy looks up the host itself; leave out `resolve` or `proxy`";
        return Err(Invalid::new("resolve", why));
    }
    if prepared.spoken == Spoken::Http2 && !prepared.target.is_tls {
        let why = "a proxy relays requests for `http` URLs in HTTP/1.1";
        return Err(Invalid::new("version", why));
    }
    secrets.extend(proxy.secrets.iter().cloned());
    Ok(Via::Given(Arc::new(proxy)))
}

/// The media type and the body; a body that is read from files comes later.
fn body(keys: &Keys<'_>) -> Result<(Option<Cow<'static, str>>, Bytes), Invalid> {
    let given = [
        ("json", keys.json.is_some()),
        ("form", keys.form.is_some()),
        ("multipart", keys.multipart.is_some()),
        ("file", keys.file.is_some()),
        ("body", keys.body.is_some()),
    ];
    let mut given = given.into_iter().filter(|(_, is_given)| *is_given);
    if let (Some(_), Some((field, _))) = (given.next(), given.next()) {
        let why = "only one of `json`, `form`, `multipart`, `file` and `body` may be sent";
        return Err(Invalid::new(field, why));
    }
    if let Some(node) = keys.json {
        let json = json::from_yaml(&node.0).map_err(|why| Invalid::new("json", why))?;
        return Ok((Some("application/json".into()), json.to_string().into()));
    }
    if let Some(Pairs(pairs)) = keys.form {
        let form = ::url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        return Ok((
            Some("application/x-www-form-urlencoded".into()),
            form.into(),
        ));
    }
    if let Some(parts) = keys.multipart {
        payload::check(parts)?;
        let media_type = format!("multipart/form-data; boundary={}", keys.boundary());
        return Ok((Some(media_type.into()), Bytes::new()));
    }
    if keys.file.is_some() {
        return Ok((Some("application/octet-stream".into()), Bytes::new()));
    }
    Ok(match keys.body {
        Some(text) => (
            Some("text/plain; charset=utf-8".into()),
            Bytes::copy_from_slice(text.as_bytes()),
        ),
        None => (None, Bytes::new()),
    })
}

/// Basic (RFC 7617) or bearer (RFC 6750) credentials.
fn authorization(
    keys: &Keys<'_>,
    userinfo: Option<(String, String)>,
    secrets: &mut Vec<String>,
) -> Result<Option<HeaderValue>, Invalid> {
    let (text, field) = match (keys.auth, userinfo) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Invalid::new(
                "auth",
                "the URL holds a user as well; use one of them",
            ));
        }
        (Some(Auth::Bearer(token)), None) => {
            secrets.push(token.clone());
            (format!("Bearer {token}"), "auth")
        }
        (Some(Auth::Basic { user, password }), None) => {
            (basic(user, password, "auth", secrets)?, "auth")
        }
        (None, Some((user, password))) => (basic(&user, &password, "url", secrets)?, "url"),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        Invalid::new(
            field,
            "the credentials hold a line break or a control character",
        )
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn basic(
    user: &str,
    password: &str,
    field: &'static str,
    secrets: &mut Vec<String>,
) -> Result<String, Invalid> {
    if user.contains(':') {
        return Err(Invalid::new(
            field,
            "a user of basic authentication cannot hold `:`",
        ));
    }
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    let text = format!("Basic {encoded}");
    secrets.extend([password.to_owned(), encoded]);
    Ok(text)
}
