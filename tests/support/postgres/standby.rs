//! A PostgreSQL that follows another, and one that is not yet there.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use super::super::template::succeed;
use super::{Home, Options, Postgres, data};

impl Postgres {
    /// One that streams from another: a hot standby, which reads and does not write (25006).
    #[track_caller]
    pub(crate) fn standby_of(primary: &Self) -> Self {
        let home = Home::new(&Options {
            // It takes no fewer than its primary has.
            max_connections: primary.max_connections,
            ..Options::default()
        });
        let mut copy = primary.client("pg_basebackup");
        home.user.runs(&mut copy);
        let data = home.data();
        succeed(
            copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
                .arg("-D")
                .arg(data),
        );
        let standby = home.run();
        standby.waits_for("ready to accept read-only connections");
        standby.forget_memory();
        standby.waits_for("started streaming WAL from primary");
        standby
    }

    /// Waits until this standby has done all its primary has done so far.
    #[track_caller]
    pub(crate) fn catches_up(&self, primary: &Self) {
        let position = primary.admin("SELECT pg_current_wal_lsn()");
        self.admin(&format!(
            "DO $$ BEGIN WHILE pg_last_wal_replay_lsn() < '{position}' LOOP \
             PERFORM pg_sleep(0.01); END LOOP; END $$"
        ));
    }

    /// One that waits for what it needs to start. It says so to everybody (57P03) until it is let go on.
    #[track_caller]
    pub(crate) fn starting_up() -> Starting {
        let home = Home::new(&Options::default());
        let (gate, data) = (home.directory.path().join("gate"), home.data());
        data::copy(&home.user, &data);
        succeed(Command::new("mkfifo").arg(&gate));
        home.user.owns(&gate);
        // Whoever has both ends is never waited for. When we are gone it ends for all who read.
        let keeper = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&gate)
            .unwrap();
        let recovery = data.join("recovery.signal");
        fs::write(&recovery, "").unwrap();
        home.user.owns(&recovery);
        let conf = format!("restore_command = 'read _ <{}; false'\n", gate.display());
        let postgres = Home {
            conf: home.conf + &conf,
            ..home
        }
        .run();
        postgres.waits_for("database system was shut down");
        postgres.forget_memory();
        Starting {
            postgres,
            gate,
            keeper,
        }
    }
}

/// A PostgreSQL that reads its archive before it takes connections, and the archive does not answer.
pub(crate) struct Starting {
    postgres: Postgres,
    gate: PathBuf,
    keeper: File,
}

impl Starting {
    /// It has its port and its socket already.
    pub(crate) fn server(&self) -> &Postgres {
        &self.postgres
    }

    /// Lets it go on, until it takes connections.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Postgres {
        // Whoever asks from now on gets no answer at all; whoever waits already gets an empty one.
        fs::remove_file(&self.gate).unwrap();
        self.keeper.write_all(b"\n").unwrap();
        self.postgres.waits_for(super::READY);
        self.postgres
    }
}
