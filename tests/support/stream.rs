//! What a program says on one of its streams, as it comes.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    has_ended: bool,
}

impl Heard {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// A stream that is read by a thread of its own.
pub(super) struct Stream {
    heard: Arc<(Mutex<Heard>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Stream {
    /// Nothing is heard of a stream that is not ours.
    pub(super) fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let heard = Arc::<(Mutex<Heard>, Condvar)>::default();
        let reader = stream.map(|mut stream| {
            let heard = heard.clone();
            thread::spawn(move || {
                let mut some = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut some) {
                    heard.0.lock().unwrap().bytes.extend(&some[..read]);
                    heard.1.notify_all();
                }
                heard.0.lock().unwrap().has_ended = true;
                heard.1.notify_all();
            })
        });
        Self { heard, reader }
    }

    /// Waits until this was said.
    #[track_caller]
    pub(super) fn wait_for(&self, text: &str, at_most: Duration) {
        assert!(
            self.says(text, at_most),
            "it never said {text:?}, but\n{}",
            self.text()
        );
    }

    /// Whether this was said before the stream ended.
    pub(super) fn says(&self, text: &str, at_most: Duration) -> bool {
        let waits = |heard: &mut Heard| !heard.has_ended && !heard.text().contains(text);
        let heard = self.heard.0.lock().unwrap();
        let waited = self.heard.1.wait_timeout_while(heard, at_most, waits);
        waited.unwrap().0.text().contains(text)
    }

    /// Whether it ends.
    pub(super) fn ends(&self, at_most: Duration) -> bool {
        let heard = self.heard.0.lock().unwrap();
        let waited = self
            .heard
            .1
            .wait_timeout_while(heard, at_most, |heard| !heard.has_ended);
        waited.unwrap().0.has_ended
    }

    /// What was said so far.
    pub(super) fn text(&self) -> String {
        self.heard.0.lock().unwrap().text()
    }

    /// What was said until the stream ended.
    pub(super) fn end(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.text()
    }
}
