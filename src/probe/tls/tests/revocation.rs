//! Lists of revoked certificates, as somebody gave them.

use tempfile::NamedTempFile;

use super::*;
use crate::model::Unable;
use crate::probe::testing::certificates::{INTERMEDIATE, lists};
use crate::probe::testing::unable;

/// A root, somebody below it, and a server with this serial number that shows both.
struct House {
    root: Authority,
    between: Authority,
    server: Server,
}

const SERIAL: u64 = 40;
const OTHER: u64 = 41;

/// A list that is up to date.
const LATE: i32 = 2900;

async fn house() -> House {
    let root = Authority::new("root");
    let between = root.intermediate("between");
    let identity = between.changed("localhost", |params| {
        params.serial_number = Some(SERIAL.into());
    });
    let server = Speaking::default().serve(identity).await;
    House {
        root,
        between,
        server,
    }
}

impl House {
    /// With the lists of both, which took these back.
    async fn look(&self, root: &[u64], between: &[u64]) -> Looked {
        let file = lists(&[self.root.list(root, LATE), self.between.list(between, LATE)]);
        self.look_by(&file).await
    }

    async fn look_by(&self, file: &NamedTempFile) -> Looked {
        let keys = format!(", crl: \"{}\"", file.path().display());
        look_at(self.server.port(), &keys, &self.root).await
    }
}

#[tokio::test]
async fn a_certificate_that_was_taken_back_is_revoked_and_described() {
    let house = house().await;
    let seen = house.look(&[OTHER], &[OTHER]).await.unwrap();
    assert_eq!(holds(&seen, "trusted"), Some(true));
    for (root, between) in [
        (&[][..], &[OTHER, SERIAL][..]),
        // One of those above was taken back, and with it whatever it signed.
        (&[INTERMEDIATE], &[]),
    ] {
        let (code, seen) = stopped(house.look(root, between).await);
        assert_eq!(code.as_str(), "tls.revoked");
        assert_eq!(holds(&seen, "trusted"), Some(false));
        assert!(text(&seen, "subject").starts_with("CN="));
        assert_eq!(seen.fault.unwrap().phase, Phase::Tls);
    }
    // In DER form a file holds one list, and of the other authority there is none here.
    let direct = house.root.changed("localhost", |params| {
        params.serial_number = Some(SERIAL.into());
    });
    let server = Speaking::default().serve(direct).await;
    let der = NamedTempFile::new().unwrap();
    std::fs::write(der.path(), house.root.list(&[SERIAL], LATE)).unwrap();
    let keys = format!(", crl: \"{}\"", der.path().display());
    let (code, _) = stopped(look_at(server.port(), &keys, &house.root).await);
    assert_eq!(code.as_str(), "tls.revoked");
}

#[tokio::test]
async fn what_the_lists_do_not_say_is_not_known() {
    let house = house().await;
    let only_between = lists(&[house.between.list(&[], LATE)]);
    let only_root = lists(&[house.root.list(&[], LATE)]);
    let old = lists(&[house.root.list(&[], LATE), house.between.list(&[], 2002)]);
    let namesake = Authority::new("root").intermediate("between");
    let forged = lists(&[house.root.list(&[], LATE), namesake.list(&[], LATE)]);
    for (file, expected) in [
        (&only_between, "there is no list"),
        (&only_root, "there is no list"),
        (&old, "out of date since 2002-01-01"),
        (&forged, "cannot be believed"),
    ] {
        let error = unable(house.look_by(file).await);
        assert_eq!(error.kind, Unable::File, "{error:?}");
        assert!(error.message.starts_with("`crl`: "), "{error:?}");
        assert!(error.message.contains(expected), "{error:?}");
    }
    for content in ["", "hunter2", "0hunter2"] {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let error = unable(house.look_by(&file).await);
        assert_eq!(error.kind, Unable::File, "{error:?}");
        assert!(error.message.starts_with("`crl`: "), "{error:?}");
        assert!(!error.message.contains("hunter2"), "{error:?}");
    }
    let missing = ", crl: /nonexistent.pem";
    let error = unable(look_at(house.server.port(), missing, &house.root).await);
    assert!(error.message.contains("`/nonexistent.pem`"), "{error:?}");
}

/// A list that is missing does not hide what is wrong without any.
#[tokio::test]
async fn what_is_wrong_anyway_is_told_first() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let file = lists(&[theirs.list(&[], LATE)]);
    let keys = format!(", crl: \"{}\"", file.path().display());
    for (identity, expected) in [
        (ours.expired("localhost"), "tls.expired"),
        (ours.certificate("web.example"), "tls.wrong_name"),
        (theirs.certificate("localhost"), "tls.unknown_issuer"),
    ] {
        let server = Speaking::default().serve(identity).await;
        let (code, _) = stopped(look_at(server.port(), &keys, &ours).await);
        assert_eq!(code.as_str(), expected);
    }
}
