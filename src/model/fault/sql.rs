//! A database session.

layer! {
    /// A database session, in what all engines share.
    SqlFault {
        /// The session was not opened within the budget.
        TimeoutStartup = "sql.timeout.startup", in [Startup], by [];
        /// The query and its rows did not end within the budget.
        TimeoutQuery = "sql.timeout.query", in [Query], by [];
        /// The result passed the cap on rows or bytes.
        TooLarge = "sql.too_large", in [Query], by [];
        /// What came does not follow the protocol.
        Protocol = "sql.protocol", in [Startup, Query], by [];
    }
}
