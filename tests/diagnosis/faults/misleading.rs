//! Peers that say what others would say: on purpose, or because they quote them.

use std::iter::repeat_n;

use allclear::model::{Class, Layer};

use crate::expert::Answer::{Leans, Open};
use crate::row::{look_at, row};
use crate::support::Hostile;
use crate::told::Told;

const NGINX: &str = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center>\
    <hr><center>nginx/1.22.1</center></body></html>";

const HAPROXY: &str = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n\
    </body></html>\n";

/// Answers everybody so.
fn saying(status: u16, head: &str, body: &str) -> Hostile {
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status} As-Told\r\n{head}content-length: {length}\r\n\r\n{body}");
    Hostile::hearing(answer.into_bytes())
}

pub(super) fn faults() -> Vec<Told> {
    let json = "content-type: application/json\r\n";
    let html = "content-type: text/html\r\n";
    let quoting = saying(500, json, &format!("{{\"upstream\":{NGINX:?}}}"));
    let imitating = saying(503, &format!("{html}x-app-revision: 7\r\n"), HAPROXY);
    let searching = saying(
        404,
        html,
        "<h1>Nothing found for FATAL: sorry, too many clients already</h1>",
    );
    let padding: String = repeat_n('.', 4096).collect();
    // What matters stands behind the end of what is kept.
    let cut = saying(
        500,
        json,
        &format!("{{\"trace\":\"{padding} ECONNREFUSED 10.0.0.5:5432\"}}"),
    );
    let halved: String = repeat_n('.', 2030).collect();
    let halved = saying(
        500,
        json,
        &format!("{{\"trace\":\"{halved} ECONNREFUSED 10.0.0.5:5432\"}}"),
    );
    let at = |server: &Hostile, keys: &str| {
        let url = server.url();
        format!("http: {{ url: \"{url}/\"{keys} }}")
    };
    let said = |name: &str, probe: String, layer, answer| {
        row(name, probe, "expect.status", layer, answer).expecting("status: 200")
    };
    let app = Layer::Application;
    look_at(vec![
        said(
            "an-app-that-quotes-nginx",
            at(&quoting, ""),
            app,
            Leans(Class::Application),
        ),
        // The header says whose page it is; and 503 says that something it needs is missing.
        said(
            "an-app-that-imitates-haproxy",
            at(&imitating, ", app_marker: x-app-revision"),
            app,
            Leans(Class::Infrastructure),
        ),
        said(
            "a-page-that-quotes-its-visitor",
            at(&searching, ""),
            app,
            Open,
        ),
        said(
            "a-trace-that-is-cut-short",
            at(&cut, ""),
            app,
            Leans(Class::Application),
        ),
        said(
            "a-word-that-is-cut-in-two",
            at(&halved, ""),
            app,
            Leans(Class::Application),
        ),
    ])
}
