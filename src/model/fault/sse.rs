//! Streams of server-sent events; the exchange below them has the faults of HTTP. What the server refuses with is a family of its
//! own, `sse.refused.N`.

layer! {
    /// Server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
    SseFault {
        /// The answer has the status 200, and is no stream of events: its type is another than `text/event-stream`.
        NoStream = "sse.no_stream", in [FirstByte], by [HttpStatus];
        /// What was waited for did not come within its time.
        TimeoutEvent = "sse.timeout.event", in [Event], by [], timeout;
        /// The stream ended before what was waited for had come.
        Closed = "sse.closed", in [Event], by [];
        /// The connection broke in the middle of the stream.
        Lost = "sse.lost", in [Event], by [Errno];
        /// A line, an event or all of them together passed the cap on their size.
        TooLarge = "sse.too_large", in [Event], by [];
        /// The id to go on after cannot be sent back: it holds a control character.
        Id = "sse.id", in [Event], by [];
        /// The stream is no UTF-8.
        Utf8 = "sse.utf8", in [Event], by [];
    }
}
