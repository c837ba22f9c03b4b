//! The proxies of the environment, under the names everybody uses.

use super::Variables;
use crate::model::{Proxies, ProxySetting};

/// Reads `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in small or capital letters; small ones count first.
///
/// `HTTP_PROXY` is not read where `REQUEST_METHOD` is set: there a web server made it from a header that anybody may send
/// (<https://httpoxy.org>).
pub fn proxies(variables: &Variables) -> Proxies {
    let is_cgi = variables.get("REQUEST_METHOD").is_some();
    let first = |names: &[&str]| {
        names
            .iter()
            .filter(|name| !(is_cgi && **name == "HTTP_PROXY"))
            .find_map(|name| {
                Some(ProxySetting {
                    name: (*name).to_owned(),
                    url: variables.get(name)?.to_owned(),
                })
            })
    };
    let except = ["no_proxy", "NO_PROXY"];
    Proxies {
        http: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
        https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        except: except
            .iter()
            .find_map(|name| variables.get(name))
            .unwrap_or_default()
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pairs: &[(&str, &str)]) -> (Option<String>, Option<String>) {
        let read = proxies(&Variables::of(pairs));
        (
            read.http.map(|setting| setting.name),
            read.https.map(|setting| setting.name),
        )
    }

    #[test]
    fn the_usual_names_are_read() {
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(names(&[]), (None, None));
        assert_eq!(
            names(&[
                ("HTTP_PROXY", "a"),
                ("https_proxy", "b"),
                ("HTTPS_PROXY", "c")
            ]),
            (some("HTTP_PROXY"), some("https_proxy"))
        );
        assert_eq!(
            names(&[("ALL_PROXY", "a"), ("http_proxy", "")]),
            (some("ALL_PROXY"), some("ALL_PROXY"))
        );
        assert_eq!(
            names(&[("HTTP_PROXY", "a"), ("REQUEST_METHOD", "GET")]),
            (None, None),
            "a header of a request must not choose the proxy"
        );
        let read = proxies(&Variables::of(&[("NO_PROXY", "a,b")]));
        assert_eq!(read.except, "a,b");
    }
}
