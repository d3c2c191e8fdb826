// Sealing one direction of a connection: frames in order, none left out, none twice.

internal import CSodium

/// Whether a frame ends what is being said.
package enum FrameEnd: Equatable, Sendable {
    case more
    case message
}

/// Seals the frames of one direction, XChaCha20-Poly1305 in libsodium's secret stream.
///
/// Every frame is bound to all before it, and so is the end of each message: a frame that is
/// dropped, repeated, moved or cut off makes the next one fail to open.
///
/// - SeeAlso: <https://doc.libsodium.org/secret-key_cryptography/secretstream>
package struct FrameSealer {
    /// What the opener must be given before the first frame; random, in the clear.
    package static let headerLength = 24
    /// What sealing adds to a frame.
    package static let overhead = 17

    package let header: [UInt8]
    private var state = crypto_secretstream_xchacha20poly1305_state()

    /// `key`: Of this direction of this connection alone.
    package init(key: SecretKey) {
        Sodium.prepare()
        var header = [UInt8](repeating: 0, count: Self.headerLength)
        _ = unsafe crypto_secretstream_xchacha20poly1305_init_push(&state, &header, key.bytes)
        self.header = header
    }

    /// 17 bytes more than `plain`, which may be empty.
    package mutating func seal(_ plain: ArraySlice<UInt8>, _ end: FrameEnd) -> [UInt8] {
        let tag =
            switch end {
            case .more: UInt8(crypto_secretstream_xchacha20poly1305_TAG_MESSAGE)
            case .message: UInt8(crypto_secretstream_xchacha20poly1305_TAG_PUSH)
            }
        var sealed = [UInt8](repeating: 0, count: plain.count + Self.overhead)
        _ = unsafe plain.withUnsafeBufferPointer { plain in
            unsafe crypto_secretstream_xchacha20poly1305_push(
                &state,
                &sealed,
                nil,
                plain.baseAddress,
                UInt64(plain.count),
                nil,
                0,
                tag
            )
        }
        return sealed
    }
}

/// Opens what a ``FrameSealer`` of the same key has sealed.
package struct FrameOpener {
    private var state = crypto_secretstream_xchacha20poly1305_state()

    /// - Returns: `nil` if `header` is none.
    package init?(key: SecretKey, header: [UInt8]) {
        guard header.count == FrameSealer.headerLength else { return nil }
        Sodium.prepare()
        let code = unsafe crypto_secretstream_xchacha20poly1305_init_pull(
            &state,
            header,
            key.bytes
        )
        guard code == 0 else { return nil }
    }

    /// The next frame, or `nil` if these bytes are not it; any bytes may come in.
    ///
    /// After a `nil` nothing opens any more.
    package mutating func open(_ sealed: [UInt8]) -> (plain: [UInt8], end: FrameEnd)? {
        guard sealed.count >= FrameSealer.overhead else { return nil }
        var plain = [UInt8](repeating: 0, count: sealed.count - FrameSealer.overhead)
        var tag: UInt8 = 0
        let code = unsafe crypto_secretstream_xchacha20poly1305_pull(
            &state,
            &plain,
            nil,
            &tag,
            sealed,
            UInt64(sealed.count),
            nil,
            0
        )
        guard code == 0 else { return nil }
        switch Int32(tag) {
        case Int32(crypto_secretstream_xchacha20poly1305_TAG_MESSAGE): return (plain, .more)
        case Int32(crypto_secretstream_xchacha20poly1305_TAG_PUSH): return (plain, .message)
        case _: return nil
        }
    }
}
