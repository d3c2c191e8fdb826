// What a server says beside its answers.

internal import CPostgres

/// A warning or a remark of the server's.
package struct Notice: Equatable, Sendable {
    /// `WARNING`, `NOTICE` …, or `FATAL` in the last words of a server that ends a connection.
    package let severity: String
    package let code: SQLState
    package let message: String
}

/// Collects notices for the connection that it was given to.
final class NoticeBox {
    private static let limit = 100
    private(set) var notices: [Notice] = []

    func take() -> [Notice] {
        defer { notices = [] }
        return notices
    }

    fileprivate func receive(_ notice: Notice) {
        // The newest tell most.
        if notices.count == Self.limit { notices.removeFirst() }
        notices.append(notice)
    }

    /// Has `connection` hand its notices to this object, which must outlive it.
    func listen(to connection: OpaquePointer) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context = unsafe context, let result = unsafe result else { return }
                let notice = unsafe Notice(
                    severity: field(cpostgres_severity_field(), of: result),
                    code: SQLState(field(cpostgres_code_field(), of: result)),
                    message: field(cpostgres_message_field(), of: result)
                )
                unsafe Unmanaged<NoticeBox>.fromOpaque(context).takeUnretainedValue()
                    .receive(notice)
            },
            context
        )
    }
}

/// One field of an error or a notice; empty if the server left it out.
func field(_ code: Int32, of result: OpaquePointer) -> String {
    unsafe PQresultErrorField(result, code).map { unsafe String(cString: $0) } ?? ""
}
