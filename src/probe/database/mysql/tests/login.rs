use mysql_common::num_bigint::BigUint;
use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpStream, UnixListener};
use tokio::sync::mpsc;

use super::{NONCE, OFFERS, OK, PASSWORD, Peer, Session, TLS, at, error, greeting, open, server};
use crate::model::{Phase, Stopped};
use crate::probe::database::mysql::key::encrypted;
use crate::probe::testing::certificates::{Authority, Speaking};
use crate::probe::testing::{AMPLE, Server, stopped};
use crate::probe::{Context, look::Look};

/// A peer that hands on what it hears, and lets us in after these words: the first at once, each other when it was answered.
async fn telling(
    plugin: &'static str,
    words: Vec<Vec<u8>>,
) -> (Server, mpsc::UnboundedReceiver<Vec<u8>>) {
    let (heard, hearing) = mpsc::unbounded_channel();
    let server = Server::start(move |stream: TcpStream| {
        let (heard, words) = (heard.clone(), words.clone());
        async move { tell(stream, plugin, words, heard).await }
    })
    .await;
    (server, hearing)
}

async fn tell<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
    stream: S,
    plugin: &str,
    words: Vec<Vec<u8>>,
    heard: mpsc::UnboundedSender<Vec<u8>>,
) {
    let mut peer = Peer::greeting(stream, &greeting("8.4.3", OFFERS, plugin)).await;
    let _ = heard.send(peer.hear().await);
    for word in words {
        peer.say(&word).await;
        // That the password was known from before is not to be answered.
        if word != [1, 3] {
            let _ = heard.send(peer.hear().await);
        }
    }
    peer.say(&OK).await;
    peer.settle().await;
    peer.hear().await;
}

/// The user, the proof, the database and the plugin of a response, whose lengths are all short.
fn parts(response: &[u8]) -> (String, Vec<u8>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (user, rest) = split(&response[32..]);
    let (proof, rest) = rest[1..].split_at(rest[0].into());
    let (database, rest) = split(rest);
    let (plugin, _) = split(rest);
    (text(user), proof.to_vec(), text(database), text(plugin))
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap();
    (&bytes[..end], &bytes[end + 1..])
}

fn switch(plugin: &str, nonce: &[u8]) -> Vec<u8> {
    [&[0xfe], plugin.as_bytes(), &[0], nonce, &[0]].concat()
}

fn more(word: &[u8]) -> Vec<u8> {
    [&[1], word].concat()
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    Sha256::digest(parts.concat()).to_vec()
}

fn xor(left: &[u8], right: &[u8]) -> Vec<u8> {
    left.iter()
        .zip(right)
        .map(|(left, right)| left ^ right)
        .collect()
}

/// As a server of the documentation proves it: it knows the hash of the hash.
fn is_caching_sha2(proof: &[u8], nonce: &[u8]) -> bool {
    let stored = sha256(&[&sha256(&[PASSWORD.as_bytes()])]);
    let once = xor(proof, &sha256(&[&stored, nonce]));
    sha256(&[&once]) == stored
}

#[tokio::test]
async fn who_asks_is_told_and_proved() {
    let (server, mut heard) = telling("caching_sha2_password", vec![more(&[3])]).await;
    let session = open(&at(server.port())).await.unwrap();
    let response = heard.recv().await.unwrap();
    let capabilities = u32::from_le_bytes(response[..4].try_into().unwrap());
    // Neither files of ours, nor compression, nor several statements or results, nor TLS.
    assert_eq!(capabilities & (0x80 | 0x20 | 0x1_0000 | 0x2_0000 | TLS), 0);
    assert_eq!(response[8], 45, "utf8mb4");
    let (user, proof, database, plugin) = parts(&response);
    assert_eq!((user.as_str(), database.as_str()), ("app", "shop"));
    assert_eq!(plugin, "caching_sha2_password");
    assert!(is_caching_sha2(&proof, &NONCE));
    let attributes = String::from_utf8_lossy(&response).into_owned();
    assert!(
        attributes.contains("program_name\x0callclear/run"),
        "{attributes}"
    );
    assert_eq!(session.server_version(), "8.4.3");
    session.close().await;
}

const PEM: &[u8] = b"-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAo15aNc207H4XpUJEGtfE
dnCshzk4CtY09XJrMYFXpKewmsy9+yaOhEXWLa4d8rNXwwKLYay//DzOpKmUuvA2
7pi64BbKY1eoanvfETm/utXLU0kEo16EVeflsABdXt4Swba3IipMpclBly4M5mYn
pC8fka2eyE6e+RTHtFLPfYjEdOHO0cPD3/HmTXsPuZwcP9Rg4j+/2Rrd5QfYpGBo
aEQgqvxthGKkPo5R+FrdjxxqXkyNNxy0hetYxR3gK1eoOcSKoKVjo5+845gieZmc
JoKtgcdpfyFgoaON1rpJPZE9Q0J+EqFV/nJRzt/ri0CCLOUD52BJz8puwh4itt3V
gwIDAQAB
-----END PUBLIC KEY-----
";

const MODULUS: &[u8] = b"\
    a35e5a35cdb4ec7e17a542441ad7c47670ac8739380ad634f5726b318157a4a7b09accbdfb268e8445d62dae1df2b357c302\
    8b61acbffc3ccea4a994baf036ee98bae016ca6357a86a7bdf1139bfbad5cb534904a35e8455e7e5b0005d5ede12c1b6b722\
    2a4ca5c941972e0ce66627a42f1f91ad9ec84e9ef914c7b452cf7d88c474e1ced1c3c3dff1e64d7b0fb99c1c3fd460e23fbf\
    d91adde507d8a46068684420aafc6d8462a43e8e51f85add8f1c6a5e4c8d371cb485eb58c51de02b57a839c48aa0a563a39f\
    bce3982279999c2682ad81c7697f2160a1a38dd6ba493d913d43427e12a155fe7251cedfeb8b40822ce503e76049cfca6ec2\
    1e22b6ddd583";

const PRIVATE: &[u8] = b"\
    243d67f18b8258fbd7aef736386628d4c545e07156f740715b0958b210a92a83706fc67f565945401e65d6984b586d644884\
    25fb32e11bc93965d9a07e9f8eeffabd69bc6485090af9242565a2d3df5451d855d84b8d49f9ec894d33a782c5ec8f4042fb\
    b73a6d8469a269babed9666dcb6e4b58a26278de570ebf06476073ce2a05a3ce6a7f286f5fd020b69b581957a4343b6035a1\
    3381c81f47c208a572e0186a470c811981c4132f95ae48b85969be73d00ad15c29a5f197d2ba096bcbe9df9dddc4354077e2\
    39b5f70d45cddf4d9b223e753dda22a02a36f892b9327919f692ab64ea2253a686363eadca193d999bba042ad7ec9e950a80\
    61f7215e96d1";

/// RSAES-OAEP with SHA-1 (RFC 8017 §7.1.2), by the book.
fn decrypted(cipher: &[u8]) -> Vec<u8> {
    let number = |hexadecimal| BigUint::parse_bytes(hexadecimal, 16).unwrap();
    let plain = BigUint::from_bytes_be(cipher).modpow(&number(PRIVATE), &number(MODULUS));
    let plain = plain.to_bytes_be();
    let plain = [vec![0; 255 - plain.len()], plain].concat();
    let (masked_seed, masked) = plain.split_at(20);
    let seed = xor(masked_seed, &mask(masked, 20));
    let block = xor(masked, &mask(&seed, masked.len()));
    let (hash, rest) = block.split_at(20);
    assert_eq!(hash, &Sha1::digest([])[..]);
    let start = rest.iter().position(|byte| *byte == 1).unwrap();
    assert!(rest[..start].iter().all(|byte| *byte == 0));
    rest[start + 1..].to_vec()
}

fn mask(seed: &[u8], length: usize) -> Vec<u8> {
    let blocks = (0_u32..).flat_map(|at| Sha1::digest([seed, &at.to_be_bytes()].concat()).to_vec());
    blocks.take(length).collect()
}

fn is_encrypted(cipher: &[u8], nonce: &[u8]) -> bool {
    let cycle: Vec<u8> = nonce.iter().copied().cycle().take(64).collect();
    xor(&decrypted(cipher), &cycle) == [PASSWORD.as_bytes(), &[0]].concat()
}

const OTHER: [u8; 20] = *b"KLMNOPQRSTUVWXYZ4711";

#[tokio::test]
async fn over_plain_tcp_the_password_is_not_sent_even_encrypted() {
    for word in [more(&[4]), switch("sha256_password", &OTHER)] {
        let (code, message, heard) = refused(vec![word]).await;
        assert_eq!(code, "sql.auth.server");
        assert!(message.contains("verify-full"), "{message}");
        assert_eq!(heard, [Vec::<u8>::new()], "the connection ends instead");
    }
}

#[tokio::test]
async fn another_way_is_taken_with_its_own_nonce() {
    let words = vec![switch("caching_sha2_password", &OTHER), more(&[3])];
    let (server, mut heard) = telling("auth_of_some_cloud", words).await;
    open(&at(server.port())).await.unwrap().close().await;
    let (_, proof, _, plugin) = parts(&heard.recv().await.unwrap());
    assert_eq!(
        (plugin.as_str(), proof.len()),
        ("mysql_native_password", 20)
    );
    assert!(is_caching_sha2(&heard.recv().await.unwrap(), &OTHER));
}

/// How a login over a socket of this machine ended, and what the peer heard after the response.
async fn over_a_socket(
    plugin: &'static str,
    words: Vec<Vec<u8>>,
) -> (Result<(), Stopped>, mpsc::UnboundedReceiver<Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let (telling, mut heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        tell(stream, plugin, words, telling).await;
    });
    let dsn = format!(
        "mysql://app:s3cret%2F+%C3%BC@localhost/shop?socket={}",
        path.display()
    );
    let opened = open(&server(&dsn)).await.map(drop);
    heard.recv().await.unwrap();
    (opened, heard)
}

#[tokio::test]
async fn over_a_socket_the_password_goes_as_it_is() {
    for (plugin, words) in [
        ("caching_sha2_password", vec![more(&[4])]),
        (
            "mysql_native_password",
            vec![switch("mysql_clear_password", &[])],
        ),
    ] {
        let (opened, mut heard) = over_a_socket(plugin, words).await;
        opened.unwrap();
        assert_eq!(
            heard.recv().await.unwrap(),
            [PASSWORD.as_bytes(), &[0]].concat()
        );
    }
}

#[tokio::test]
async fn over_a_socket_sha256_has_it_encrypted_for_the_server() {
    let asking = switch("sha256_password", &OTHER);
    let words = vec![asking.clone(), more(PEM)];
    let (opened, mut heard) = over_a_socket("mysql_native_password", words).await;
    opened.unwrap();
    assert_eq!(heard.recv().await.unwrap(), [1], "the key is asked for");
    assert!(is_encrypted(&heard.recv().await.unwrap(), &OTHER));
    let none = b"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n";
    let words = vec![asking, more(none)];
    let (opened, _) = over_a_socket("mysql_native_password", words).await;
    let (code, seen) = stopped(opened.map(|()| panic!("let in")));
    assert_eq!(code.to_string(), "sql.auth.server");
    let message = seen.fault.unwrap().message;
    assert!(message.contains("no public key"), "{message}");
}

/// What the peer heard after the response, and how the login ended.
async fn refused(words: Vec<Vec<u8>>) -> (String, String, Vec<Vec<u8>>) {
    let many = words.len();
    let (server, mut heard) = telling("caching_sha2_password", words).await;
    let (code, seen) = stopped(open(&at(server.port())).await.map(|_| panic!("let in")));
    let fault = seen.fault.clone().unwrap();
    assert_eq!(fault.phase, Phase::Auth, "{fault}");
    assert!(!format!("{seen:?}").contains(PASSWORD));
    heard.recv().await.unwrap();
    let mut rest = Vec::new();
    for _ in 0..many {
        rest.push(heard.recv().await.unwrap());
    }
    (code.to_string(), fault.message, rest)
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    for (words, code, says) in [
        (
            vec![error(1045, "28000", "Access denied for user 'app'@'x'")],
            "mysql.1045",
            "Access denied",
        ),
        (
            vec![error(1049, "42000", "Unknown database 'shop'")],
            "mysql.1049",
            "Unknown",
        ),
        (
            vec![error(1044, "42000", "Access denied to database")],
            "mysql.1044",
            "",
        ),
        (
            vec![switch("dialog", b"x")],
            "sql.auth.unsupported",
            "`dialog`",
        ),
        (
            vec![vec![0xfe]],
            "sql.auth.unsupported",
            "mysql_old_password",
        ),
        (
            vec![switch("mysql_clear_password", &[])],
            "sql.auth.server",
            "mysql_clear_password",
        ),
        (vec![vec![0xfe, b'x']], "sql.protocol", "does not say which"),
        (
            vec![switch("caching_sha2_password", b"short")],
            "sql.protocol",
            "5 bytes",
        ),
        (
            vec![more(&[9])],
            "sql.protocol",
            "more of caching_sha2_password",
        ),
        (vec![vec![7, 7]], "sql.protocol", "0x07"),
        (vec![vec![]], "sql.protocol", "empty packet"),
        (vec![more(PEM)], "sql.protocol", "more of"),
        (
            vec![switch("mysql_native_password", &OTHER); 9],
            "sql.protocol",
            "8 turns",
        ),
    ] {
        let (told, message, _) = refused(words).await;
        assert_eq!(told, code, "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[tokio::test]
async fn nobody_on_the_way_is_told_the_password() {
    let (_, _, heard) = refused(vec![switch("mysql_clear_password", &[])]).await;
    assert_eq!(heard, [Vec::<u8>::new()], "the connection ends instead");
}

#[test]
fn a_key_that_is_too_small_or_a_password_too_long_is_told() {
    assert!(encrypted(&[b'x'; 214], PEM).is_ok());
    let told = encrypted(&[b'x'; 215], PEM).unwrap_err();
    assert!(told.contains("213 bytes at most"), "{told}");
    // A modulus of eight bytes.
    let tiny = b"-----BEGIN PUBLIC KEY-----\nMCQwDQYJKoZIhvcNAQEBBQADEwAwEAIJAMP3s/Z9eu8hAgMBAAE=\n-----END PUBLIC KEY-----\n";
    let told = encrypted(b"x", tiny).unwrap_err();
    assert!(told.contains("64 bits"), "{told}");
}

proptest::proptest! {
    #[test]
    fn no_key_is_too_strange(at in 0_usize..300, byte in proptest::num::u8::ANY) {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        let text: String = std::str::from_utf8(PEM).unwrap().lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = STANDARD.decode(text).unwrap();
        let at = at % der.len();
        der[at] = byte;
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&der));
        let _ = encrypted(b"password", pem.as_bytes());
    }
}

/// A login over TLS with a server that wants the password itself: how it ended, and what was heard.
async fn over_tls(mode: &str) -> (Result<Session, Stopped>, mpsc::UnboundedReceiver<Vec<u8>>) {
    let authority = Authority::new("root");
    let acceptor = Speaking::default().acceptor(authority.certificate("localhost"));
    let (heard, hearing) = mpsc::unbounded_channel();
    let peer = Server::start(move |stream: TcpStream| {
        let (acceptor, heard) = (acceptor.clone(), heard.clone());
        async move {
            let greeting = greeting("8.4.3", OFFERS | TLS, "caching_sha2_password");
            let mut peer = Peer::greeting(stream, &greeting).await;
            let _ = heard.send(peer.hear().await);
            let stream = acceptor.accept(peer.stream).await.unwrap();
            let mut peer = Peer { stream, next: 2 };
            let _ = heard.send(peer.hear().await);
            peer.say(&more(&[4])).await;
            let _ = heard.send(peer.hear().await);
            peer.say(&OK).await;
            peer.settle().await;
            peer.hear().await;
        }
    })
    .await;
    let dsn = format!(
        "mysql://app:s3cret%2F+%C3%BC@localhost:{}/shop?sslmode={mode}",
        peer.port()
    );
    let ctx = Context::for_tests(AMPLE).trusting(authority.roots());
    let opened = Session::open(&mut Look::begin(&ctx), &server(&dsn)).await;
    (opened, hearing)
}

#[tokio::test]
async fn whoever_answers_over_tls_is_not_sent_the_password() {
    for mode in ["prefer", "require"] {
        let (opened, mut hearing) = over_tls(mode).await;
        let (code, _) = stopped(opened.map(|_| panic!("let in")));
        assert_eq!(code.to_string(), "sql.auth.server", "{mode}");
        hearing.recv().await.unwrap();
        hearing.recv().await.unwrap();
        assert_eq!(hearing.recv().await.unwrap(), [0_u8; 0], "{mode}");
    }
}

#[tokio::test]
async fn tls_is_spoken_before_the_name_of_the_user_is_told() {
    let (opened, mut hearing) = over_tls("verify-full").await;
    let session = opened.unwrap();
    assert_eq!(session.tls(), Some("TLSv1.3"));
    session.close().await;
    let request = hearing.recv().await.unwrap();
    assert_eq!(request.len(), 32, "no more than what is spoken");
    assert_ne!(
        u32::from_le_bytes(request[..4].try_into().unwrap()) & TLS,
        0
    );
    let response = hearing.recv().await.unwrap();
    assert_eq!(parts(&response).0, "app");
    assert_eq!(
        response[..32],
        request[..],
        "the same is taken as was asked for"
    );
    assert_eq!(
        hearing.recv().await.unwrap(),
        [PASSWORD.as_bytes(), &[0]].concat()
    );
}

#[tokio::test]
async fn without_tls_a_mode_that_wants_it_stops_before_the_login() {
    let (peer, mut heard) = telling("caching_sha2_password", Vec::new()).await;
    for mode in ["require", "verify-ca", "verify-full"] {
        let dsn = format!(
            "mysql://app:s3cret@127.0.0.1:{}/shop?sslmode={mode}",
            peer.port()
        );
        let (code, seen) = stopped(open(&server(&dsn)).await.map(|_| panic!("let in")));
        assert_eq!(code.as_str(), "tls.not_offered");
        assert_eq!(seen.fault.unwrap().phase, Phase::StartTls);
        assert_eq!(heard.recv().await.unwrap(), Vec::<u8>::new());
    }
}

#[tokio::test]
async fn what_is_said_in_plain_words_before_tls_is_not_believed() {
    let peer = Server::start(|stream: TcpStream| async {
        let mut both = Vec::new();
        let greeting = greeting("8.4.3", OFFERS | TLS, "caching_sha2_password");
        both.extend_from_slice(&[u8::try_from(greeting.len()).unwrap(), 0, 0, 0]);
        both.extend_from_slice(&greeting);
        both.extend_from_slice(&[7, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]);
        let mut peer = Peer { stream, next: 0 };
        peer.raw(&both).await;
        while !peer.hear().await.is_empty() {}
    })
    .await;
    let dsn = format!(
        "mysql://app:s3cret@127.0.0.1:{}/shop?sslmode=require",
        peer.port()
    );
    let (code, seen) = stopped(open(&server(&dsn)).await.map(|_| panic!("let in")));
    assert_eq!(code.as_str(), "sql.protocol");
    assert_eq!(seen.fault.unwrap().phase, Phase::StartTls);
}
