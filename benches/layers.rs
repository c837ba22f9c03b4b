//! The layers below HTTP: TLS handshakes, TCP exchanges and DNS queries, against the least that a client of the same
//! libraries can do. Of both sides only the looks are counted, from the first to the last, and not the start of a process:
//! a thousand of them take less time than that.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RecordType};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::table::{Amount, Bound, Row};
use crate::target::Target;
use crate::{JOBS, allclear};

/// The first argument of a process that is the peers.
pub(crate) const PEERS: &str = "--as-peers";

/// The first argument of a process that is a floor.
pub(crate) const CALLER: &str = "--as-caller";

const LOOKS: usize = 1_000;
const ROUNDS: usize = 9;

/// What is measured: its promise, its bound, and one look at it as a suite has it.
struct Layer {
    name: &'static str,
    promise: &'static str,
    times: f64,
    look: fn(SocketAddr, &Path) -> String,
}

const LAYERS: &[Layer] = &[
    Layer {
        name: "tls",
        promise: "1 000 TLS handshakes, the looks alone",
        times: 1.2,
        look: |at, ca| {
            let (port, ca) = (at.port(), ca.display());
            format!(
                "tls: {{ host: 127.0.0.1, port: {port}, sni: localhost, ca: {ca} }}\n    expect: {{ trusted: true }}"
            )
        },
    },
    Layer {
        name: "tcp",
        promise: "1 000 TCP exchanges, the looks alone",
        times: 1.3,
        look: |at, _| {
            let port = at.port();
            format!(
                "tcp: {{ host: 127.0.0.1, port: {port}, send: \"PING\\n\", read: {{ until: PONG }} }}\n    expect: {{ received: {{ starts_with: PONG }} }}"
            )
        },
    },
    Layer {
        name: "dns",
        promise: "1 000 DNS queries, the looks alone",
        times: 1.3,
        look: |at, _| {
            format!(
                "dns: {{ name: svc.bench.test, server: \"{at}\" }}\n    expect: {{ addresses: [127.0.0.7] }}"
            )
        },
    },
];

/// Every layer: ours and the floor, taking turns.
pub(crate) fn rows() -> Result<Vec<Row>> {
    let peers = Peers::start()?;
    let mut rows = Vec::new();
    for (layer, at) in LAYERS.iter().zip(&peers.addresses) {
        let (mut ours, mut floors) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            floors.push(caller(layer.name, *at, &peers.ca())?);
            ours.push(sample(&(layer.look)(*at, &peers.ca()))?);
        }
        rows.push(Row {
            promise: layer.promise,
            ours: Amount::Time(median(ours)),
            floor: Some(Amount::Time(median(floors))),
            bound: Bound::Times(layer.times),
        });
    }
    rows.push(phases()?);
    Ok(rows)
}

/// What we say of the wait for the first byte, against what the target says of it.
fn phases() -> Result<Row> {
    let target = Target::start()?;
    let mut tests = String::new();
    for number in 0..50 {
        // Writing to a string cannot fail.
        let _ = writeln!(
            tests,
            "  - name: t{number}\n    http: {{ url: \"http://{}/slow?ms=20\" }}\n    expect: {{ headers: {{ x-own-us: {{ matches: \"^[0-9]+$\" }} }} }}",
            target.address
        );
    }
    let document = run(&tests, &["--jobs", "1"])?;
    let mut apart = Vec::new();
    for test in document["tests"].as_array().into_iter().flatten() {
        let step = &test["attempts"][0]["steps"][0];
        let phases = step["observation"]["phases"]
            .as_array()
            .into_iter()
            .flatten();
        let ours = phases
            .filter(|phase| phase["phase"] == "first_byte")
            .find_map(|phase| phase["took_ns"].as_u64());
        let findings = step["findings"].as_array().into_iter().flatten();
        let theirs = findings
            .filter(|finding| finding["code"] == "expect.headers")
            .find_map(|finding| finding["actual"].as_str()?.trim_matches('"').parse().ok());
        let ours = Duration::from_nanos(ours.context("no first byte was timed")?);
        let theirs = Duration::from_micros(theirs.context("the target told no time")?);
        apart.push(ours.abs_diff(theirs));
    }
    ensure!(apart.len() == 50, "{} looks were made", apart.len());
    Ok(Row {
        promise: "the first byte's phase, apart from the target's",
        ours: Amount::Time(median(apart)),
        floor: None,
        bound: Bound::AtMost(Amount::Time(Duration::from_millis(1))),
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// How long the looks of a sample took, as its record says.
fn sample(look: &str) -> Result<Duration> {
    let tests = format!(
        "  - name: looks\n    {look}\n    repeat: {{ times: {LOOKS}, concurrency: {JOBS} }}\n"
    );
    let document = run(&tests, &[])?;
    let test = &document["tests"][0];
    let made = test["sample"]["held"].as_u64();
    ensure!(made == Some(LOOKS as u64), "{made:?} looks held");
    let nanos = test["elapsed_ns"].as_u64().context("no time is told")?;
    Ok(Duration::from_nanos(nanos))
}

/// Runs tests, all of which must hold; what is reported of them.
fn run(tests: &str, flags: &[&str]) -> Result<Value> {
    let folder = TempDir::with_prefix("allclear-bench-")?;
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("suites"))?;
    fs::write(
        at("suites/layer.yaml"),
        format!("category: layer\ndefaults: {{ timeout: 10s }}\ntests:\n{tests}"),
    )?;
    let mut command = allclear("run");
    command.args(flags);
    command.arg("--quiet").arg("--suites").arg(at("suites"));
    command.arg("--runs").arg(at("runs"));
    command
        .arg("--report")
        .arg(format!("json={}", at("run.json").display()));
    let output = command.output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&fs::read(at("run.json"))?)?)
}

fn caller(layer: &str, at: SocketAddr, ca: &Path) -> Result<Duration> {
    let output = Command::new(std::env::current_exe()?)
        .args([CALLER, layer, &at.to_string()])
        .arg(ca)
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let nanos = String::from_utf8(output.stdout)?;
    Ok(Duration::from_nanos(nanos.trim().parse()?))
}

/// The floor: asks so many times, and says how long that took, in nanoseconds.
pub(crate) fn call(arguments: &[String]) -> Result<()> {
    let [layer, at, ca] = arguments else {
        anyhow::bail!("wrong arguments");
    };
    let at: SocketAddr = at.parse()?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    let tls = TlsConnector::from(Arc::new(config));
    let took = single_threaded()?.block_on(async {
        let started = Instant::now();
        let next = Arc::new(AtomicUsize::new(0));
        let mut lanes = JoinSet::new();
        for _ in 0..JOBS {
            let (layer, tls, next) = (layer.clone(), tls.clone(), next.clone());
            lanes.spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < LOOKS {
                    one(&layer, at, &tls).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(lane) = lanes.join_next().await {
            lane??;
        }
        anyhow::Ok(started.elapsed())
    })?;
    writeln!(std::io::stdout(), "{}", took.as_nanos())?;
    Ok(())
}

async fn one(layer: &str, at: SocketAddr, tls: &TlsConnector) -> Result<()> {
    let mut answer = [0; 512];
    if layer == "dns" {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(at).await?;
        let mut question = Message::query();
        question.metadata.recursion_desired = true;
        question.add_query(Query::query(Name::from_ascii(NAME)?, RecordType::A));
        socket.send(&question.to_vec()?).await?;
        let count = socket.recv(&mut answer).await?;
        let answer = Message::from_vec(&answer[..count])?;
        let address = answer
            .answers
            .first()
            .and_then(|record| record.data.ip_addr());
        ensure!(
            answer.metadata.id == question.metadata.id && address == Some(ADDRESS),
            "another answer"
        );
        return Ok(());
    }
    let mut stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    if layer == "tls" {
        let stream = tls
            .connect(ServerName::try_from("localhost")?, stream)
            .await?;
        ensure!(
            stream.get_ref().1.peer_certificates().is_some(),
            "no certificate"
        );
        return Ok(());
    }
    stream.write_all(b"PING\n").await?;
    let count = stream.read(&mut answer).await?;
    ensure!(answer[..count].starts_with(b"PONG"), "another answer");
    Ok(())
}

/// Who is asked for, and where that is.
const NAME: &str = "svc.bench.test.";
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 7));

/// Somebody to shake hands with, to exchange words with, and to ask for names: gone when dropped.
struct Peers {
    process: Child,
    /// In the order of the layers.
    addresses: Vec<SocketAddr>,
    folder: TempDir,
}

impl Peers {
    fn start() -> Result<Self> {
        let folder = TempDir::with_prefix("allclear-bench-")?;
        certify(folder.path())?;
        let mut process = Command::new(std::env::current_exe()?)
            .arg(PEERS)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().context("the peers have no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let addresses: Result<Vec<SocketAddr>, _> =
            line.split_whitespace().map(str::parse).collect();
        Ok(Self {
            process,
            addresses: addresses?,
            folder,
        })
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

/// An authority, and a certificate it signed, as servers have them: of one that signed itself we prove that as well, and a
/// floor does not.
fn certify(folder: &Path) -> Result<()> {
    let mut about = CertificateParams::new(Vec::new())?;
    about.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    about
        .distinguished_name
        .push(DnType::CommonName, "bench authority");
    let authority = CertifiedIssuer::self_signed(about, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;
    fs::write(folder.join("ca.pem"), authority.pem())?;
    fs::write(folder.join("leaf.pem"), leaf.pem())?;
    fs::write(folder.join("key.pem"), key.serialize_pem())?;
    Ok(())
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves every layer until standard input ends.
pub(crate) fn serve(arguments: &[String]) -> Result<()> {
    let [folder] = arguments else {
        anyhow::bail!("wrong arguments");
    };
    let chain = vec![CertificateDer::from_pem_file(
        Path::new(folder).join("leaf.pem"),
    )?];
    let key = PrivateKeyDer::from_pem_file(Path::new(folder).join("key.pem"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    single_threaded()?.block_on(async {
        let tls = TcpListener::bind("127.0.0.1:0").await?;
        let tcp = TcpListener::bind("127.0.0.1:0").await?;
        let dns = UdpSocket::bind("127.0.0.1:0").await?;
        let (at_tls, at_tcp, at_dns) = (tls.local_addr()?, tcp.local_addr()?, dns.local_addr()?);
        writeln!(std::io::stdout(), "{at_tls} {at_tcp} {at_dns}")?;
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
        tokio::try_join!(shaking(tls, acceptor), echoing(tcp), naming(dns))?;
        Ok(())
    })
}

async fn shaking(listener: TcpListener, acceptor: TlsAcceptor) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 64]).await;
            }
        });
    }
}

async fn echoing(listener: TcpListener) -> Result<()> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let _ = stream.read(&mut [0; 64]).await;
            let _ = stream.write_all(b"PONG\n").await;
        });
    }
}

/// Answers every question with one address: the head, the question as it came, and an A record that points to it.
async fn naming(socket: UdpSocket) -> Result<()> {
    let mut query = [0; 512];
    loop {
        let (count, from) = socket.recv_from(&mut query).await?;
        // The head (RFC 1035 §4.1.1), the name with a byte before each label, its end, type and class; EDNS comes after them.
        let end = (12 + 1 + NAME.len() + 4).min(count);
        let mut answer = query[..2].to_vec();
        answer.extend_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        answer.extend_from_slice(&query[12..end]);
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 7]);
        socket.send_to(&answer, from).await?;
    }
}

fn single_threaded() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
