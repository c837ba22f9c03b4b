//! A process we started, and ourselves.

layer! {
    /// A process we started.
    ProcessFault {
        /// It did not end within the budget and was killed with its group.
        Timeout = "process.timeout", in [Process], by [], timeout;
        /// It wrote more than the cap.
        TooLarge = "process.too_large", in [Process], by [];
        /// It was not ready in time.
        NotReady = "process.timeout.ready", in [Ready], by [], timeout;
        /// It was ready, and not for as long as `stable_for` asks before the time was over.
        NotStable = "process.timeout.stable", in [Stable], by [], timeout;
        /// It was to end on its own and still ran when the time was over.
        NotEnded = "process.timeout.exit", in [Process], by [], timeout;
        /// It was asked to end, still ran when the time was over, and was killed.
        NotStopped = "process.timeout.stop", in [Stop], by [], timeout;
        /// What was killed in it did not come back in time.
        NotRecovered = "process.timeout.recover", in [Recover], by [], timeout;
        /// Somebody else's process listens where it was to: an answer from there would not be its own.
        PortTaken = "process.port_taken", in [Ready], by [];
    }
}

layer! {
    /// Logs.
    LogFault {
        /// There is not one line in it: probably not the log that was meant, and what nobody wrote proves nothing.
        Empty = "log.empty", in [Read], by [];
        /// The answer has the status 200, and is a page of HTML, as proxies and logins write them, and no log.
        NoLog = "log.no_log", in [FirstByte], by [HttpStatus];
        /// No line says when it was written, so those since a moment cannot be told from older ones.
        Undated = "log.undated", in [Read], by [];
        /// It is larger than the cap, and what is looked for may stand in the rest.
        TooLarge = "log.too_large", in [Read], by [];
        /// It was not read to its end within the budget.
        Timeout = "log.timeout", in [Read], by [], timeout;
    }
}

layer! {
    /// The machine we look from.
    RunnerFault {
        /// Our own loopback did not give back what we sent.
        Loopback = "runner.loopback", in [Local], by [Errno];
    }
}
