//! The server itself: it starts, and is gone afterwards with all it started.

use crate::support::{Jupyter, Tool, at_work};

/// Begins a kernel and says nothing more to it.
const BEGIN: &str = r#"
  - name: begin
    http: { method: POST, url: "${api}/kernels", headers: { authorization: "token ${token}" }, json: {} }
    expect: { status: 201 }
"#;

#[test]
fn nothing_of_a_server_is_left() {
    let server = Jupyter::start();
    let directory = server.directory().to_owned();
    let output = Tool::new()
        .var("api", format!("http://{}/api", server.address()))
        .var("token", Jupyter::TOKEN)
        .suite(BEGIN)
        .run();
    assert!(output.status.success(), "{output}\n{}", server.log());
    assert!(at_work(&directory).len() > 1, "there is no kernel");
    drop(server);
    assert!(at_work(&directory).is_empty());
    assert!(!directory.exists());
}
