//! What the front ends of clouds say: recorded, since none of them can be had here, and looked at through the real probe.
//!
//! Each is as short as it can be and still be what it is; the heads and the words are those of the sources.

use allclear::model::{Class, Layer};

use crate::expert::Answer::{self, Is, Leans, Open, Rather};
use crate::row::{Row, look_at, row};
use crate::support::Hostile;
use crate::told::Told;

/// An answer as it came over the wire, and what an expert says of it.
struct Recorded {
    name: &'static str,
    status: u16,
    /// Lines of its head, besides those that every answer has.
    head: &'static str,
    body: &'static str,
    layer: Layer,
    answer: Answer,
}

const fn recorded(
    name: &'static str,
    status: u16,
    head: &'static str,
    body: &'static str,
    answer: Answer,
) -> Recorded {
    Recorded {
        name,
        status,
        head,
        body,
        layer: Layer::Proxy,
        answer,
    }
}

/// <https://docs.cloud.google.com/run/docs/troubleshooting> and
/// <https://docs.cloud.google.com/load-balancing/docs/https/troubleshooting-ext-https-lbs>: the pages and texts of Google's front ends.
const GOOGLE: &[Recorded] = &[
    recorded(
        "google-502-try-again",
        502,
        "content-type: text/html; charset=UTF-8\r\n",
        "<html><head>\n<title>502 Server Error</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n\
         <h1>Error: Server Error</h1>\n<h2>The server encountered a temporary error and could not complete your request.\
         <p>Please try again in 30 seconds.</h2>\n<h2></h2>\n</body></html>\n",
        Is(Class::Infrastructure),
    ),
    recorded(
        "google-404-nobody-of-that-name",
        404,
        "content-type: text/html; charset=UTF-8\r\n",
        "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p><b>404.</b> \
         <ins>That\u{2019}s an error.</ins>\n  <p>The requested URL <code>/</code> was not found on this server.  \
         <ins>That\u{2019}s all we know.</ins>\n",
        Is(Class::Configuration),
    ),
    recorded(
        "google-429-no-instance",
        429,
        "content-type: text/html\r\nserver: Google Frontend\r\n",
        "Rate exceeded.",
        Is(Class::Infrastructure),
    ),
    Recorded {
        layer: Layer::Auth,
        ..recorded(
            "google-403-not-an-invoker",
            403,
            "content-type: text/html; charset=UTF-8\r\nserver: Google Frontend\r\n",
            "<html><head>\n<title>403 Forbidden</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n\
             <h1>Error: Forbidden</h1>\n<h2>Your client does not have permission to get URL <code>/</code> from this server.\
             </h2>\n</body></html>\n",
            Is(Class::Configuration),
        )
    },
    // <https://docs.cloud.google.com/iap/docs/query-parameters-and-headers-howto>
    Recorded {
        layer: Layer::Auth,
        ..recorded(
            "google-401-identity-aware",
            401,
            "content-type: text/html\r\nx-goog-iap-generated-response: true\r\n",
            "Invalid IAP credentials: empty token",
            Is(Class::Configuration),
        )
    },
];

/// <https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage> (`%RESPONSE_FLAGS%`) and
/// <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter> (`x-envoy-overloaded`).
const ENVOY: &[Recorded] = &[
    recorded(
        "envoy-uh",
        503,
        "content-type: text/plain\r\nserver: envoy\r\n",
        "no healthy upstream",
        Is(Class::Infrastructure),
    ),
    recorded(
        "envoy-uf",
        503,
        "content-type: text/plain\r\nserver: envoy\r\n",
        "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
        Is(Class::Infrastructure),
    ),
    recorded(
        "envoy-uc",
        503,
        "content-type: text/plain\r\nserver: envoy\r\n",
        "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
        Is(Class::Application),
    ),
    recorded(
        "envoy-uo",
        503,
        "content-type: text/plain\r\nserver: envoy\r\nx-envoy-overloaded: true\r\n",
        "upstream connect error or disconnect/reset before headers. reset reason: overflow",
        Is(Class::Infrastructure),
    ),
    recorded(
        "envoy-ut",
        504,
        "content-type: text/plain\r\nserver: envoy\r\n",
        "upstream request timeout",
        Is(Class::Application),
    ),
    recorded(
        "envoy-nr",
        404,
        "server: envoy\r\n",
        "",
        Is(Class::Configuration),
    ),
    // Its upstream answered: this is the application's own.
    Recorded {
        layer: Layer::Application,
        ..recorded(
            "envoy-relays",
            500,
            "content-type: application/json\r\nserver: envoy\r\nx-envoy-upstream-service-time: 7\r\n",
            "{\"error\":\"division by zero\"}",
            Leans(Class::Application),
        )
    },
];

/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>
const AWS: &[Recorded] = &[
    recorded(
        "alb-502",
        502,
        "content-type: text/html\r\nserver: awselb/2.0\r\n",
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
         <center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>awselb/2.0</center>\r\n</body>\r\n</html>\r\n",
        Open,
    ),
    recorded(
        "alb-503",
        503,
        "content-type: text/html\r\nserver: awselb/2.0\r\n",
        "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n\
         <center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>awselb/2.0</center>\r\n</body>\r\n</html>\r\n",
        Is(Class::Infrastructure),
    ),
    // The target may not have been reached at all: the page does not say.
    recorded(
        "alb-504",
        504,
        "content-type: text/html\r\nserver: awselb/2.0\r\n",
        "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n\
         <center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>awselb/2.0</center>\r\n</body>\r\n</html>\r\n",
        Rather(Class::Application),
    ),
];

/// <https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/>
const CLOUDFLARE: &[Recorded] = &[
    cloudflare("cloudflare-520", 520, Open),
    cloudflare("cloudflare-521", 521, Leans(Class::Infrastructure)),
    cloudflare("cloudflare-522", 522, Is(Class::Infrastructure)),
    cloudflare("cloudflare-523", 523, Is(Class::Infrastructure)),
    cloudflare("cloudflare-524", 524, Is(Class::Application)),
    cloudflare("cloudflare-525", 525, Is(Class::Configuration)),
    cloudflare("cloudflare-526", 526, Is(Class::Configuration)),
    cloudflare("cloudflare-530", 530, Is(Class::Configuration)),
    // <https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/>
    recorded(
        "cloudflare-challenge",
        403,
        "content-type: text/html; charset=UTF-8\r\nserver: cloudflare\r\ncf-mitigated: challenge\r\ncf-ray: 8a1b2c3d4e5f-FRA\r\n",
        "<!DOCTYPE html><html lang=\"en-US\"><head><title>Just a moment...</title></head></html>",
        Is(Class::Configuration),
    ),
];

const fn cloudflare(name: &'static str, status: u16, answer: Answer) -> Recorded {
    let head = "content-type: text/html; charset=UTF-8\r\nserver: cloudflare\r\ncf-ray: 8a1b2c3d4e5f-FRA\r\n";
    let body = "<!DOCTYPE html><html><body><div id=\"cf-wrapper\"><div id=\"cf-error-details\"></div></div></body></html>";
    recorded(name, status, head, body, answer)
}

pub(super) fn faults() -> Vec<Told> {
    let all: Vec<&Recorded> = [GOOGLE, ENVOY, AWS, CLOUDFLARE]
        .into_iter()
        .flatten()
        .collect();
    let servers: Vec<Hostile> = all.iter().map(|one| one.server()).collect();
    let rows = all.iter().zip(&servers).map(|(one, server)| -> Row {
        let probe = format!("http: {{ url: \"{}/\" }}", server.url());
        row(one.name, probe, "expect.status", one.layer, one.answer).expecting("status: 200")
    });
    look_at(rows.collect())
}

impl Recorded {
    /// One that answers everybody so.
    fn server(&self) -> Hostile {
        let Self {
            status, head, body, ..
        } = self;
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} As Recorded\r\n{head}content-length: {length}\r\n\r\n{body}"
        );
        Hostile::hearing(answer.into_bytes())
    }
}
