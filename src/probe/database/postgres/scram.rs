//! SCRAM-SHA-256: proving that we know a password, and that the server does (RFC 5802, RFC 7677).
//!
//! What a password comes to under the salt of a server takes thousands of hashes, and a server gives a user the same salt
//! each time. So it is worked out once and kept for the next login with this password, as RFC 5802 §3 allows: in a storm
//! it would be our own time that is measured instead of the server's.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{hmac, pbkdf2};

use crate::yaml::visible;

/// Without channel binding.
pub(super) const SCRAM_SHA_256: &str = "SCRAM-SHA-256";

/// With channel binding.
pub(super) const SCRAM_SHA_256_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// A server says how often we are to hash, and may not keep us busy with it. PostgreSQL's own choice is 4096.
const MOST_ITERATIONS: u32 = 100_000;

/// Random bytes of a nonce, which are a third more as text.
const NONCE: usize = 18;

/// What of the connection below is proved, too.
pub(super) enum Binding {
    /// We could, and the server does not offer it.
    NotOffered,
    /// Nothing: there is nothing to be bound to.
    Nothing,
    /// The hash of the server's certificate (`tls-server-end-point`, RFC 5929 §4).
    EndPoint(Vec<u8>),
}

impl Binding {
    /// How the client's first message begins: `gs2-header` (RFC 5801 §4).
    const fn gs2_header(&self) -> &'static str {
        match self {
            Self::NotOffered => "y,,",
            Self::Nothing => "n,,",
            Self::EndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    /// What is bound, as it is sent.
    fn text(&self) -> String {
        let mut bytes = self.gs2_header().as_bytes().to_vec();
        if let Self::EndPoint(hash) = self {
            bytes.extend_from_slice(hash);
        }
        STANDARD.encode(bytes)
    }
}

/// One proof under way.
pub(super) struct Scram {
    binding: Binding,
    nonce: String,
    stage: Stage,
}

enum Stage {
    /// Our nonce is on its way.
    Greeted,
    /// Our proof is, and the server's own is awaited.
    Answered {
        keys: Arc<Keys>,
        /// What both sides sign: `AuthMessage` (RFC 5802 §3).
        auth_message: String,
    },
    /// Both have proved it.
    Proved,
}

impl Scram {
    /// With a new nonce; why there is none.
    pub(super) fn begin(binding: Binding) -> Result<Self, String> {
        let mut random = [0; NONCE];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| "the system gives no random bytes".to_owned())?;
        Ok(Self::with(binding, STANDARD.encode(random)))
    }

    const fn with(binding: Binding, nonce: String) -> Self {
        Self {
            binding,
            nonce,
            stage: Stage::Greeted,
        }
    }

    /// What is said first: `client-first-message`.
    pub(super) fn client_first(&self) -> String {
        format!("{}n=,r={}", self.binding.gs2_header(), self.nonce)
    }

    /// Our proof, to what the server says first: `client-final-message`; or why there is none.
    pub(super) fn client_final(
        &mut self,
        said: &[u8],
        password: &[u8],
        known: Option<&KnownKeys>,
    ) -> Result<String, String> {
        let Stage::Greeted = self.stage else {
            return Err("the server begins again".to_owned());
        };
        let said = std::str::from_utf8(said).map_err(|error| error.to_string())?;
        let server_first = ServerFirst::read(said)?;
        if !server_first.nonce.starts_with(&self.nonce) {
            return Err("its nonce does not begin with ours".to_owned());
        }
        let keys = match known {
            Some(known) => known.under(&server_first, password),
            None => Arc::new(Keys::under(&server_first, password)),
        };
        let without_proof = format!("c={},r={}", self.binding.text(), server_first.nonce);
        let auth_message = format!("n=,r={},{said},{without_proof}", self.nonce);
        let signature = hmac::sign(&keys.stored, auth_message.as_bytes());
        let mut proof = keys.client;
        for (byte, mask) in proof.iter_mut().zip(signature.as_ref()) {
            *byte ^= mask;
        }
        self.stage = Stage::Answered { keys, auth_message };
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)))
    }

    /// Whether the server's proof is one; or why not.
    pub(super) fn verify(&mut self, said: &[u8]) -> Result<(), String> {
        let Stage::Answered { keys, auth_message } = &self.stage else {
            return Err("it came before ours".to_owned());
        };
        let said = std::str::from_utf8(said).map_err(|error| error.to_string())?;
        let signature = match (said.strip_prefix("v="), said.strip_prefix("e=")) {
            (Some(text), _) => decoded(text)?,
            (None, Some(error)) => return Err(format!("it says `{}`", visible(error))),
            (None, None) => return Err(unreadable(said)),
        };
        hmac::verify(&keys.server, auth_message.as_bytes(), &signature)
            .map_err(|_| "its signature is another".to_owned())?;
        self.stage = Stage::Proved;
        Ok(())
    }

    /// Whether the server has proved that it knows the password.
    pub(super) const fn is_proved(&self) -> bool {
        matches!(self.stage, Stage::Proved)
    }
}

/// What a server says first, `server-first-message`: `r=NONCE,s=SALT,i=ITERATIONS`.
struct ServerFirst<'s> {
    nonce: &'s str,
    salt: Vec<u8>,
    iterations: NonZeroU32,
}

impl<'s> ServerFirst<'s> {
    fn read(said: &'s str) -> Result<Self, String> {
        let mut parts = said.split(',');
        let mut part = |name| parts.next().and_then(|part| part.strip_prefix(name));
        let (Some(nonce), Some(salt), Some(count)) = (part("r="), part("s="), part("i=")) else {
            return Err(unreadable(said));
        };
        if parts.next().is_some() {
            return Err(unreadable(said));
        }
        let salt = decoded(salt)?;
        let iterations: NonZeroU32 = count.parse().map_err(|_| unreadable(said))?;
        if iterations.get() > MOST_ITERATIONS {
            return Err(format!(
                "it wants {iterations} iterations; at most {MOST_ITERATIONS} are made"
            ));
        }
        Ok(Self {
            nonce,
            salt,
            iterations,
        })
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode(text)
        .map_err(|error| format!("what should be Base64 is none: {error}"))
}

fn unreadable(said: &str) -> String {
    let begins: String = said.chars().take(40).collect();
    format!("what begins with `{}` has no place here", visible(&begins))
}

/// What a password comes to under a salt.
struct Keys {
    salt: Vec<u8>,
    iterations: NonZeroU32,
    client: [u8; 32],
    stored: hmac::Key,
    server: hmac::Key,
}

impl Keys {
    fn under(server_first: &ServerFirst<'_>, password: &[u8]) -> Self {
        let mut salted = [0; 32];
        let iterations = server_first.iterations;
        let password = normalized(password);
        let by = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(by, iterations, &server_first.salt, &password, &mut salted);
        let salted = hmac::Key::new(hmac::HMAC_SHA256, &salted);
        let mut client = [0; 32];
        client.copy_from_slice(hmac::sign(&salted, b"Client Key").as_ref());
        let server = hmac::sign(&salted, b"Server Key");
        Self {
            salt: server_first.salt.clone(),
            iterations,
            stored: hmac::Key::new(hmac::HMAC_SHA256, digest(&SHA256, &client).as_ref()),
            client,
            server: hmac::Key::new(hmac::HMAC_SHA256, server.as_ref()),
        }
    }

    fn is_under(&self, server_first: &ServerFirst<'_>) -> bool {
        self.salt == server_first.salt && self.iterations == server_first.iterations
    }
}

/// SASLprep where that is possible, and otherwise the bytes: a password of PostgreSQL may be neither text nor allowed in one.
fn normalized(password: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(password).ok();
    let prepared = text.and_then(|text| stringprep::saslprep(text).ok());
    prepared.map_or_else(
        || password.to_vec(),
        |prepared| prepared.into_owned().into_bytes(),
    )
}

/// The keys of one password, as they were under the last salt; all clones share them. Never shown.
#[derive(Clone, Default)]
pub(in crate::probe::database) struct KnownKeys(Arc<Mutex<Option<Arc<Keys>>>>);

impl KnownKeys {
    fn under(&self, server_first: &ServerFirst<'_>, password: &[u8]) -> Arc<Keys> {
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(known) = known.filter(|known| known.is_under(server_first)) {
            return known;
        }
        // Not under the lock: nobody waits for what takes a millisecond.
        let keys = Arc::new(Keys::under(server_first, password));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
        keys
    }
}

impl fmt::Debug for KnownKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677 §3; PostgreSQL takes the user from the startup message, so the name in the exchange is empty and the proof
    /// another.
    const FIRST: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    fn begun() -> Scram {
        Scram::with(Binding::Nothing, "rOprNGfwEbeRWgbNEkqO".to_owned())
    }

    /// What a server that keeps `StoredKey` and `ServerKey` makes of a proof (RFC 5802 §3): its own, where ours is one.
    fn as_server(
        keys: &Keys,
        client_first: &str,
        first: &str,
        client_final: &str,
    ) -> Option<String> {
        let (unproved, proof) = client_final.rsplit_once(",p=")?;
        let bare = client_first.splitn(3, ',').nth(2)?;
        let auth_message = format!("{bare},{first},{unproved}");
        let signature = hmac::sign(&keys.stored, auth_message.as_bytes());
        let proof = STANDARD.decode(proof).ok()?;
        let client: Vec<u8> = proof
            .iter()
            .zip(signature.as_ref())
            .map(|(one, other)| one ^ other)
            .collect();
        let stored = hmac::Key::new(hmac::HMAC_SHA256, digest(&SHA256, &client).as_ref());
        let is_one = hmac::sign(&stored, b"x").as_ref() == hmac::sign(&keys.stored, b"x").as_ref();
        let own = hmac::sign(&keys.server, auth_message.as_bytes());
        is_one.then(|| format!("v={}", STANDARD.encode(own)))
    }

    #[test]
    fn the_keys_are_those_of_the_rfc() {
        // The exchange of RFC 7677 §3, with its user.
        let server_first = ServerFirst::read(FIRST).unwrap();
        let keys = Keys::under(&server_first, b"pencil");
        let auth_message = format!(
            "n=user,r=rOprNGfwEbeRWgbNEkqO,{FIRST},c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        );
        let mut proof = keys.client;
        let signature = hmac::sign(&keys.stored, auth_message.as_bytes());
        for (byte, mask) in proof.iter_mut().zip(signature.as_ref()) {
            *byte ^= mask;
        }
        assert_eq!(
            STANDARD.encode(proof),
            "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert_eq!(
            STANDARD.encode(hmac::sign(&keys.server, auth_message.as_bytes())),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
    }

    #[test]
    fn both_sides_prove_it_with_and_without_a_certificate_to_be_bound_to() {
        for (binding, header, bound) in [
            (Binding::Nothing, "n,,", "biws"),
            (Binding::NotOffered, "y,,", "eSws"),
            (
                Binding::EndPoint(vec![1, 2, 3]),
                "p=tls-server-end-point,,",
                "cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAQID",
            ),
        ] {
            let keys = Keys::under(&ServerFirst::read(FIRST).unwrap(), b"pencil");
            let mut scram = Scram::with(binding, "rOprNGfwEbeRWgbNEkqO".to_owned());
            let client_first = scram.client_first();
            assert_eq!(client_first, format!("{header}n=,r=rOprNGfwEbeRWgbNEkqO"));
            let client_final = scram
                .client_final(FIRST.as_bytes(), b"pencil", None)
                .unwrap();
            assert!(client_final.starts_with(&format!("c={bound},r=rOprNGfwEbeRWgbNEkqO%hv")));
            let proof = as_server(&keys, &client_first, FIRST, &client_final).unwrap();
            assert!(!scram.is_proved());
            scram.verify(proof.as_bytes()).unwrap();
            assert!(scram.is_proved());
        }
    }

    #[test]
    fn another_password_proves_nothing_and_neither_does_another_server() {
        let keys = Keys::under(&ServerFirst::read(FIRST).unwrap(), b"pencil");
        let mut scram = begun();
        let client_first = scram.client_first();
        let client_final = scram.client_final(FIRST.as_bytes(), b"pen", None).unwrap();
        assert_eq!(as_server(&keys, &client_first, FIRST, &client_final), None);
        let wrong = format!("v={}", STANDARD.encode([0; 32]));
        assert!(scram.verify(wrong.as_bytes()).is_err() && !scram.is_proved());
    }

    #[test]
    fn keys_are_known_under_the_salt_they_were_made_with_and_no_other() {
        let known = KnownKeys::default();
        let answer = |first: &str| {
            let nonce = "rOprNGfwEbeRWgbNEkqO";
            let mut scram = Scram::with(Binding::Nothing, nonce.to_owned());
            let with = scram.client_final(first.as_bytes(), b"pencil", Some(&known));
            let mut scram = Scram::with(Binding::Nothing, nonce.to_owned());
            let without = scram.client_final(first.as_bytes(), b"pencil", None);
            assert_eq!(with.unwrap(), without.unwrap());
            known.0.lock().unwrap().clone().unwrap()
        };
        let first = answer(FIRST);
        assert!(Arc::ptr_eq(&first, &answer(FIRST)));
        let other = answer(&FIRST.replace("i=4096", "i=4097"));
        assert!(!Arc::ptr_eq(&first, &other));
        let salted = answer(&FIRST.replace("s=W22Z", "s=X22Z"));
        assert!(!Arc::ptr_eq(&other, &salted));
        assert!(Arc::ptr_eq(
            &salted,
            &answer(&FIRST.replace("s=W22Z", "s=X22Z"))
        ));
    }

    #[test]
    fn passwords_are_prepared_as_the_server_prepares_them() {
        // RFC 4013 §3: a soft hyphen is nothing, a ligature its letters; what may not be is taken as it is.
        assert_eq!(normalized("I\u{ad}X".as_bytes()), b"IX");
        assert_eq!(normalized("\u{2168}".as_bytes()), b"IX");
        assert_eq!(normalized(b"\x07"), b"\x07");
        assert_eq!(normalized(b"\xff\xfe"), b"\xff\xfe");
    }

    #[test]
    fn what_a_server_makes_up_is_refused() {
        for (first, told) in [
            ("r=x,s=YQ==,i=1", "nonce"),
            ("r=rOprNGfwEbeRWgbNEkqO,s=YQ==,i=0", "no place here"),
            (
                "r=rOprNGfwEbeRWgbNEkqO,s=YQ==,i=100001",
                "100001 iterations",
            ),
            ("r=rOprNGfwEbeRWgbNEkqO,s=!,i=1", "Base64"),
            ("r=rOprNGfwEbeRWgbNEkqO,s=YQ==,i=1,x=1", "no place here"),
            ("m=ext,r=rOprNGfwEbeRWgbNEkqO,s=YQ==,i=1", "no place here"),
            ("s=YQ==,r=rOprNGfwEbeRWgbNEkqO,i=1", "no place here"),
            ("", "no place here"),
        ] {
            let why = begun()
                .client_final(first.as_bytes(), b"pencil", None)
                .unwrap_err();
            assert!(why.contains(told), "{first}: {why}");
        }
        assert!(begun().client_final(b"\xff", b"", None).is_err());
        assert!(
            begun()
                .verify(b"v=YQ==")
                .unwrap_err()
                .contains("before ours")
        );
        let mut scram = begun();
        scram
            .client_final(FIRST.as_bytes(), b"pencil", None)
            .unwrap();
        assert!(
            scram
                .client_final(FIRST.as_bytes(), b"pencil", None)
                .is_err()
        );
        for (last, told) in [
            ("e=other-error", "other-error"),
            ("v=!", "Base64"),
            ("v=YQ==", "another"),
            ("x", "no place here"),
        ] {
            let why = scram.verify(last.as_bytes()).unwrap_err();
            assert!(why.contains(told), "{last}: {why}");
        }
    }
}
