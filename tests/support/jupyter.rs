//! Jupyter Server with kernels of Python, as tests/jupyter/install puts it into `target/jupyter`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::daemon::{Daemon, directory, write};
use super::port::Port;

/// It says where it runs before anybody can connect there; who is told when it has started is an extension.
const READY: &str = "\
def _load_jupyter_server_extension(server):
    pass

async def _start_jupyter_server_extension(server):
    print('connections are accepted', flush=True)
";

/// A running server without kernels. Whatever it starts is gone with it.
pub(crate) struct Jupyter {
    daemon: Daemon,
    port: Port,
    directory: Arc<TempDir>,
}

impl Jupyter {
    /// Who does not know it is let in nowhere.
    pub(crate) const TOKEN: &str = "hunter22-of-jupyter";

    #[track_caller]
    pub(crate) fn start() -> Self {
        let directory = Arc::new(directory());
        write(&directory, "says_when_ready.py", READY);
        let port = Port::hold();
        let below = |name: &str| {
            let path = directory.path().join(name);
            fs::create_dir(&path).unwrap();
            path
        };
        let own = [
            ("HOME", below("home")),
            ("TMPDIR", below("tmp")),
            ("JUPYTER_RUNTIME_DIR", below("runtime")),
            ("JUPYTER_CONFIG_DIR", below("config")),
            ("JUPYTER_DATA_DIR", below("data")),
            ("IPYTHONDIR", below("ipython")),
            ("PYTHONPATH", directory.path().to_owned()),
        ];
        let python = installed();
        let daemon = Daemon::launch("Jupyter", &python, directory.clone(), vec![], |command| {
            command
                .envs(own)
                // On the command line everybody could read it.
                .env("JUPYTER_TOKEN", Self::TOKEN)
                .args(["-m", "jupyter_server", "--ServerApp.ip=127.0.0.1"])
                .arg(format!("--ServerApp.port={}", port.number()))
                .args([
                    "--ServerApp.port_retries=0",
                    "--ServerApp.open_browser=False",
                    "--ServerApp.allow_root=True",
                    "--ServerApp.jpserver_extensions={'says_when_ready': True}",
                ]);
        });
        let is_ready = daemon.says("connections are accepted");
        assert!(is_ready, "Jupyter does not start:\n{}", daemon.log());
        Self {
            daemon,
            port,
            directory,
        }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> String {
        self.port.address().to_string()
    }

    /// Where it and its kernels work.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.daemon.log()
    }
}

/// The interpreter of the environment that has it.
#[track_caller]
fn installed() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../jupyter");
    let wanted = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/jupyter/requirements.txt"
    );
    let is_there = fs::read(home.join("ready")).is_ok_and(|made| made == fs::read(wanted).unwrap());
    assert!(
        is_there,
        "there is no Jupyter Server of these versions here; install it with: tests/jupyter/install"
    );
    home.join("venv/bin/python")
}
