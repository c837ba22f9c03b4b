//! A process we started, and ourselves.

layer! {
    /// A process we started.
    ProcessFault {
        /// It did not end within the budget and was killed with its group.
        Timeout = "process.timeout", in [Process], by [];
        /// It wrote more than the cap.
        TooLarge = "process.too_large", in [Process], by [];
    }
}

layer! {
    /// The machine we look from.
    RunnerFault {
        /// Our own loopback did not give back what we sent.
        Loopback = "runner.loopback", in [Local], by [Errno];
    }
}
