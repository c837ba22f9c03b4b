//! The keys of a request, which every probe that sends one has.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Deserialize;

use super::payload::Part;
use crate::probe::exchange::without_userinfo;
use crate::probe::net::ClientCertificate;
use crate::probe::pairs::Pairs;
use crate::yaml::Raw;

/// Makes a probe's keys from those of a request and its own.
/// A list and no part of its own (`flatten`), because on that way keys would lose their places.
/// There may be ten thousand of them: what few requests have takes little room where it is absent.
macro_rules! request_keys {
    ($(#[$about:meta])* pub struct $probe:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $probe {
            /// An `http` or `https` URL. A user and password in it become basic authentication.
            url: Box<str>,
            /// The method, in capitals.
            #[serde(default = "crate::probe::request::keys::get")]
            method: ::std::borrow::Cow<'static, str>,
            /// Headers; one of ours (`host`, `user-agent`, `accept`, `content-type`) is replaced.
            #[serde(default, deserialize_with = "crate::probe::pairs::written")]
            headers: Option<Box<$crate::probe::pairs::Pairs>>,
            /// Added to the query of the URL, form-encoded.
            query: Option<Box<$crate::probe::pairs::Pairs>>,
            /// Any YAML, sent as JSON.
            json: Option<Box<$crate::yaml::Raw>>,
            /// Sent as an HTML form is.
            form: Option<Box<$crate::probe::pairs::Pairs>>,
            /// Parts of a form with files (`multipart/form-data`).
            multipart: Option<Box<[$crate::probe::request::payload::Part]>>,
            /// A file, sent as it is; read before the clock starts. Relative paths begin where the program was started.
            file: Option<Box<::std::path::Path>>,
            /// Text, sent as it is.
            body: Option<Box<str>>,
            /// Credentials.
            auth: Option<Box<$crate::probe::request::keys::Auth>>,
            /// The only version to speak: `HTTP/1.1` or `HTTP/2`; by default what TLS agrees on.
            /// `HTTP/2` to an `http` URL is spoken at once.
            version: Option<$crate::probe::request::keys::Version>,
            /// The URL of an `http` or `https` proxy, instead of the environment's; `none` for no proxy at all. A user and
            /// password in it become its basic authentication.
            proxy: Option<Box<str>>,
            /// Addresses to connect to instead of looking up the host of the URL, to test a new balancer before the switch. The
            /// host is asked for, and must be certified, all the same.
            resolve: Option<Box<[::std::net::IpAddr]>>,
            /// The address of a name server to ask for the host instead of the system: `10.0.0.2`, `10.0.0.2:5353`,
            /// `[fd00::2]:5353`. The host is then fully qualified.
            resolver: Option<Box<str>>,
            /// A PEM file of authorities, trusted instead of the system's. Relative paths begin where the program was started.
            /// `system` says what holds without it, for a variable that has to say something.
            ca: Option<Box<::std::path::Path>>,
            /// A file of lists of revoked certificates (CRL): any number in PEM form, or one in DER form. Nothing is fetched.
            /// Each certificate below the authority that is trusted needs a list of who signed it; where one is missing or out of
            /// date nothing is known, and the look is an error. Relative paths begin where the program was started.
            crl: Option<Box<::std::path::Path>>,
            /// Who we say we are, for servers that want to know.
            client_certificate: Option<Box<$crate::probe::net::ClientCertificate>>,
            #[serde(skip)]
            boundary: ::std::sync::OnceLock<Box<str>>,
            $($own)*
        }

        impl $probe {
            /// What is asked.
            fn keys(&self) -> $crate::probe::request::keys::Keys<'_> {
                $crate::probe::request::keys::Keys {
                    url: &self.url,
                    method: &self.method,
                    headers: self.headers.as_deref().unwrap_or(&$crate::probe::pairs::NONE),
                    query: self.query.as_deref(),
                    json: self.json.as_deref(),
                    form: self.form.as_deref(),
                    multipart: self.multipart.as_deref(),
                    file: self.file.as_deref(),
                    body: self.body.as_deref(),
                    auth: self.auth.as_deref(),
                    version: self.version,
                    proxy: self.proxy.as_deref(),
                    resolve: self.resolve.as_deref(),
                    resolver: self.resolver.as_deref(),
                    ca: self.ca.as_deref(),
                    crl: self.crl.as_deref(),
                    client_certificate: self.client_certificate.as_deref(),
                    boundary: &self.boundary,
                }
            }
        }

        impl ::std::fmt::Debug for $probe {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.keys().asked())
            }
        }
    };
}

pub(in crate::probe) use request_keys;

/// What the keys of a request say.
#[derive(Clone, Copy)]
pub(in crate::probe) struct Keys<'k> {
    pub(in crate::probe) url: &'k str,
    pub(in crate::probe) method: &'k str,
    pub(in crate::probe) headers: &'k Pairs,
    pub(in crate::probe) query: Option<&'k Pairs>,
    pub(in crate::probe) json: Option<&'k Raw>,
    pub(in crate::probe) form: Option<&'k Pairs>,
    pub(in crate::probe) multipart: Option<&'k [Part]>,
    pub(in crate::probe) file: Option<&'k Path>,
    pub(in crate::probe) body: Option<&'k str>,
    pub(in crate::probe) auth: Option<&'k Auth>,
    pub(in crate::probe) version: Option<Version>,
    pub(in crate::probe) proxy: Option<&'k str>,
    pub(in crate::probe) resolve: Option<&'k [IpAddr]>,
    pub(in crate::probe) resolver: Option<&'k str>,
    pub(in crate::probe) ca: Option<&'k Path>,
    pub(in crate::probe) crl: Option<&'k Path>,
    pub(in crate::probe) client_certificate: Option<&'k ClientCertificate>,
    pub(in crate::probe) boundary: &'k OnceLock<Box<str>>,
}

impl<'k> Keys<'k> {
    /// The method and the URL, without credentials.
    pub(in crate::probe) fn asked(&self) -> String {
        [self.method, " ", &without_userinfo(self.url)].concat()
    }

    /// What stands between the parts of a `multipart` body.
    pub(super) fn boundary(&self) -> &'k str {
        self.boundary
            .get_or_init(|| format!("allclear-{}", uuid::Uuid::new_v4().simple()).into())
    }
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(in crate::probe) enum Version {
    /// RFC 9112.
    #[serde(rename = "HTTP/1.1")]
    Http1,
    /// RFC 9113.
    #[serde(rename = "HTTP/2")]
    Http2,
}

/// Credentials.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::probe) enum Auth {
    /// User and password (RFC 7617).
    Basic {
        /// The user, without `:`.
        user: String,
        /// The password.
        password: String,
    },
    /// A token (RFC 6750).
    Bearer(String),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "basic",
            Self::Bearer(_) => "bearer",
        })
    }
}

pub(in crate::probe) const fn get() -> Cow<'static, str> {
    Cow::Borrowed("GET")
}
