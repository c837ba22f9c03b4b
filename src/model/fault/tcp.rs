//! Opening and using a connection.

layer! {
    /// Opening and using a TCP connection or a unix socket.
    TcpFault {
        /// Nobody listens (ECONNREFUSED).
        Refused = "tcp.refused", in [Connect, Startup], by [Errno];
        /// The peer reset the connection (ECONNRESET, EPIPE).
        Reset = "tcp.reset", in [Connect, Proxy, Send, Read, Startup], by [Errno];
        /// No route to host or network (EHOSTUNREACH, ENETUNREACH).
        Unreachable = "tcp.unreachable", in [Connect, Proxy, StartTls, Tls, Send, FirstByte, Body, Read, Startup, Auth, Query], by [Errno];
        /// No answer to the connection attempt within the budget (or ETIMEDOUT).
        Timeout = "tcp.timeout", in [Connect, Proxy, StartTls, Tls, Send, FirstByte, Body, Read, Startup, Auth, Query], by [Errno], timeout;
        /// The peer closed before the first byte that was waited for.
        Closed = "tcp.closed", in [Proxy, Send, Read], by [];
        /// The peer closed in the middle: bytes came, and not what was waited for.
        ClosedEarly = "tcp.closed.early", in [Read], by [];
        /// Connected, but what was to be read did not come within the budget.
        ReadTimeout = "tcp.timeout.read", in [Read], by [], timeout;
        /// What was to be sent was not taken within the budget.
        SendTimeout = "tcp.timeout.send", in [Send], by [], timeout;
        /// More came than the cap, without what was waited for.
        TooLarge = "tcp.too_large", in [Read], by [];
        /// A local rule or the socket's mode forbids the connection (EACCES, EPERM).
        Denied = "tcp.denied", in [Connect, Proxy, StartTls, Tls, Send, FirstByte, Body, Read, Startup, Auth, Query], by [Errno];
        /// The unix socket does not exist (ENOENT).
        NoSocket = "tcp.no_socket", in [Connect, Startup], by [Errno];
        /// The backlog of the unix socket is full (EAGAIN).
        Busy = "tcp.busy", in [Connect, Startup], by [Errno];
        /// What is at the path of the unix socket is no stream socket (ENOTSOCK, EPROTOTYPE).
        NotASocket = "tcp.not_a_socket", in [Connect, Startup], by [Errno];
        /// Another error of the operating system; its errno is kept.
        Other = "tcp.other", in [Connect, Proxy, StartTls, Tls, Send, FirstByte, Body, Read, Startup, Auth, Query], by [Errno];
    }
}
