//! WebSockets. What the peer closes with is a family of its own, `websocket.closed.N`, and so is what it refuses with,
//! `websocket.refused.N`.

layer! {
    /// A WebSocket (RFC 6455).
    WebSocketFault {
        /// The handshake was not answered within the budget.
        TimeoutUpgrade = "websocket.timeout.upgrade", in [Upgrade], by [], timeout;
        /// The answer to the handshake is none of RFC 6455 §4.2.2:
        /// a wrong `sec-websocket-accept`, no `upgrade`, an extension nobody offered.
        Handshake = "websocket.handshake", in [Upgrade], by [];
        /// Of the subprotocols that were offered none was chosen, or one that was not offered.
        Subprotocol = "websocket.subprotocol", in [Upgrade], by [];
        /// What was waited for did not come within its time. The peer answers pings, or was not asked.
        TimeoutEvent = "websocket.timeout.event", in [Event], by [], timeout;
        /// A ping was not answered within its time: the connection is open on our side only.
        TimeoutPong = "websocket.timeout.pong", in [Event], by [], timeout;
        /// What was to be sent was not taken within the budget.
        TimeoutSend = "websocket.timeout.send", in [Event], by [], timeout;
        /// No event has what was to be sent next, or what it has there cannot be sent.
        Missing = "websocket.missing", in [Event], by [];
        /// Something came where nothing was to come.
        Unexpected = "websocket.unexpected", in [Event], by [];
        /// The connection ended without a close frame (1006 of RFC 6455 §7.1.5, which is never sent).
        Lost = "websocket.lost", in [Upgrade, Event], by [Errno];
        /// The peer broke the protocol: reserved bits, an unknown opcode, a control frame in pieces, a masked frame.
        Protocol = "websocket.protocol", in [Event], by [];
        /// Text that is no UTF-8 (RFC 6455 §8.1).
        Utf8 = "websocket.utf8", in [Event], by [];
        /// A frame, a message or all of them together passed the cap on their size.
        TooLarge = "websocket.too_large", in [Event], by [];
    }
}
