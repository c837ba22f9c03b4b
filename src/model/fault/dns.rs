//! Resolving a name.

layer! {
    /// Resolving a name: getaddrinfo's codes (RFC 3493 §6.1), or what a chosen server answers (RFC 1035 §4.1.1).
    DnsFault {
        /// The name does not exist (EAI_NONAME, rcode NXDOMAIN).
        Nxdomain = "dns.nxdomain", in [Resolve], by [Eai, Rcode];
        /// The name exists, without a record of the type asked for (EAI_NODATA, EAI_ADDRFAMILY; RFC 2308 §2.2).
        Nodata = "dns.nodata", in [Resolve], by [Eai, Rcode];
        /// The system's resolver could not answer for now (EAI_AGAIN): server failure, or nobody answered.
        Again = "dns.again", in [Resolve], by [Eai];
        /// The system's resolver was refused or failed for good (EAI_FAIL).
        Fail = "dns.fail", in [Resolve], by [Eai];
        /// The server only says who else would know (rcode NOERROR with other servers' names; RFC 2308 §2.2):
        /// it does not look names up for us.
        Referral = "dns.referral", in [Resolve], by [Rcode];
        /// The answer ends at an alias: the server says neither what its target has nor that it has nothing (rcode NOERROR
        /// without an SOA; RFC 2308 §2.2), and does not look names up for us.
        Alias = "dns.alias", in [Resolve], by [Rcode];
        /// The server failed to find out (rcode SERVFAIL).
        Servfail = "dns.servfail", in [Resolve], by [Rcode];
        /// The server will not answer us (rcode REFUSED).
        Refused = "dns.refused", in [Resolve], by [Rcode];
        /// Nobody is there at the server's address (ECONNREFUSED, EHOSTUNREACH, ENETUNREACH),
        /// or we may not ask there (EACCES, EPERM).
        Unreachable = "dns.unreachable", in [Resolve], by [Errno];
        /// The aliases of the name lead in a circle, or further than anybody follows.
        Loop = "dns.loop", in [Resolve], by [];
        /// The answer was truncated, and could not be had whole over TCP (RFC 7766).
        Truncated = "dns.truncated", in [Resolve], by [Errno];
        /// What came is no answer to the question.
        Protocol = "dns.protocol", in [Resolve], by [];
        /// No answer within the budget.
        Timeout = "dns.timeout", in [Resolve], by [], timeout;
        /// The system's resolver broke in another way (EAI_SYSTEM).
        System = "dns.system", in [Resolve], by [Eai, Errno];
    }
}
