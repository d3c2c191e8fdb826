// A thin, owning wrapper over `MHD_Response *`.

internal import CMicroHTTPD

/// A response in the daemon's form, released when the value is destroyed.
///
/// The daemon keeps its own reference to what is queued.
@safe
struct NativeResponse: ~Copyable {
    let pointer: OpaquePointer

    /// How much is asked of a feed at a time.
    private static let blockSize = 16 << 10

    init?(bytes: [UInt8]) {
        let made = unsafe bytes.withUnsafeBytes { body in
            // The daemon copies the bytes, so it does not matter that the pointer is constant.
            unsafe MHD_create_response_from_buffer(
                body.count,
                UnsafeMutableRawPointer(mutating: body.baseAddress),
                .RESPMEM_MUST_COPY
            )
        }
        guard let made = unsafe made else { return nil }
        unsafe pointer = made
    }

    /// `feed` must live until the request is completed.
    init?(feed: Feed) {
        let made = unsafe MHD_create_response_from_callback(
            .max,
            Self.blockSize,
            { context, _, buffer, capacity in
                guard let context = unsafe context, let buffer = unsafe buffer else {
                    return Feed.Reading.broken.code
                }
                let feed = unsafe Unmanaged<Feed>.fromOpaque(context).takeUnretainedValue()
                let space = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: capacity)
                return unsafe feed.read(into: space).code
            },
            Unmanaged.passUnretained(feed).toOpaque(),
            nil
        )
        guard let made = unsafe made else { return nil }
        unsafe pointer = made
    }

    deinit {
        unsafe MHD_destroy_response(pointer)
    }

    /// - Returns: `false` if the header cannot be sent, as with a line end in its value.
    func add(_ name: String, _ value: String) -> Bool {
        unsafe MHD_add_response_header(pointer, name, value) == .YES
    }
}

extension Feed.Reading {
    /// What the daemon's callback answers; the macros are casts, which Swift does not import.
    fileprivate var code: Int {
        switch self {
        case .bytes(let count): count
        case .ended: -1
        case .broken: -2
        }
    }
}
