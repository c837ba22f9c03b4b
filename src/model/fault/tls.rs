//! The TLS handshake.

layer! {
    /// The TLS handshake (RFC 8446), and what we think of the peer's certificate (RFC 5280).
    TlsFault {
        /// The certificate is past its validity.
        Expired = "tls.expired", in [Tls], by [];
        /// The certificate is not valid yet.
        NotYetValid = "tls.not_yet_valid", in [Tls], by [];
        /// The certificate is for another name.
        WrongName = "tls.wrong_name", in [Tls], by [];
        /// The chain does not lead to a trusted authority: an unknown one, or an intermediate is missing.
        UnknownIssuer = "tls.unknown_issuer", in [Tls], by [];
        /// The certificate is signed by its own key, and not trusted.
        SelfSigned = "tls.self_signed", in [Tls], by [];
        /// The certificate is revoked, or another one of its chain: a list that was given says so (`crl`; RFC 5280 §5).
        Revoked = "tls.revoked", in [Tls], by [];
        /// A signature of the chain, or of the handshake, is wrong.
        BadSignature = "tls.bad_signature", in [Tls], by [];
        /// The certificate cannot be accepted for another reason.
        BadCertificate = "tls.bad_certificate", in [Tls], by [];
        /// Nothing in common: no version, cipher suite or group that both speak, as we see it.
        Incompatible = "tls.incompatible", in [Tls], by [];
        /// The server speaks none of the protocols offered (ALPN, RFC 7301), as we see it.
        NoAlpn = "tls.no_alpn", in [Tls], by [];
        /// The server answered that it does not speak TLS here (STARTTLS, PostgreSQL's SSLRequest).
        NotOffered = "tls.not_offered", in [StartTls], by [];
        /// The server refused to talk before TLS was agreed on: busy, or it does not want us.
        Unavailable = "tls.unavailable", in [StartTls], by [];
        /// What came is not TLS: plain text on a TLS port.
        Plaintext = "tls.plaintext", in [Tls], by [];
        /// The peer closed before the handshake was done.
        Eof = "tls.eof", in [Tls, StartTls], by [];
        /// The peer reset the connection before the handshake was done.
        Reset = "tls.reset", in [Tls, StartTls], by [Errno];
        /// The handshake did not end within the budget.
        Timeout = "tls.timeout", in [Tls, StartTls], by [], timeout;
        /// The peer broke the protocol.
        Protocol = "tls.protocol", in [Tls, StartTls, Proxy, Send, FirstByte, Upgrade, Body, Read, Startup, Auth, Query, Event], by [];
    }
}
