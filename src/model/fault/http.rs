//! An HTTP exchange.

layer! {
    /// An HTTP exchange (RFC 9110, RFC 9112, RFC 9113).
    HttpFault {
        /// No first byte of the answer within the budget.
        TimeoutFirstByte = "http.timeout.first_byte", in [FirstByte], by [], timeout;
        /// The answer began, and did not end within the budget.
        TimeoutBody = "http.timeout.body", in [Body], by [], timeout;
        /// The request was not taken within the budget.
        TimeoutSend = "http.timeout.send", in [Send], by [], timeout;
        /// The proxy did not open the tunnel within the budget.
        TimeoutProxy = "http.timeout.proxy", in [Proxy], by [], timeout;
        /// Reset before the first byte of the answer.
        ResetFirstByte = "http.reset.first_byte", in [Send, FirstByte], by [Errno];
        /// Reset in the middle of the answer.
        ResetBody = "http.reset.body", in [Body], by [Errno];
        /// Closed before the first byte of the answer.
        ClosedFirstByte = "http.closed.first_byte", in [Send, FirstByte], by [];
        /// Closed in the middle of the answer: fewer bytes than promised.
        ClosedBody = "http.closed.body", in [Body], by [];
        /// What came is not HTTP.
        Protocol = "http.protocol", in [Proxy, Send, FirstByte, Body], by [];
        /// The body cannot be unpacked as its `content-encoding` says.
        Encoding = "http.encoding", in [Body], by [];
        /// The body, as it came or unpacked, passed the cap on its size.
        TooLarge = "http.too_large", in [Body], by [];
        /// A redirect was not followed: too many, to another scheme, or to nowhere.
        Redirect = "http.redirect", in [FirstByte, Body], by [];
    }
}

layer! {
    /// The way to a proxy (RFC 9110 §7.3.2). What it says about the tunnel is `proxy.N`.
    ProxyFault {
        /// The proxy could not be reached: its name, or its port.
        Connect = "proxy.connect", in [Resolve, Connect], by [Errno, Eai, Rcode];
        /// No TLS was agreed on with the proxy.
        Tls = "proxy.tls", in [Tls], by [TlsAlert, Errno];
    }
}
