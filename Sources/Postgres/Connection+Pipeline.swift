// Statements in one round trip, and what comes without being asked for.

internal import CPostgres

extension Connection {
    /// Sends `steps` at once, and waits for what each of them answers.
    ///
    /// The server does them in order and stops at the first that fails; outside of a transaction
    /// all of them are one. Statements are prepared as they are first met, within the same round
    /// trip.
    ///
    /// - Throws: ``PostgresError/Kind/refused`` with the first failure; a transaction that was open
    ///   is to be rolled back then.
    package func run(_ steps: [Step], until deadline: Deadline) throws(PostgresError) -> [Rows] {
        var expected: [Expected] = []
        for step in steps { try send(step, &expected) }
        let last = steps.last.map { "running `\($0.sql.start)`" } ?? "waiting"
        let open = unsafe try open(for: last)
        guard unsafe PQpipelineSync(open) == 1 else { throw lose(last) }
        var answers: [Rows] = []
        var failure: PostgresError?
        for one in expected {
            let result = unsafe try nextResult(one.work, until: deadline)
            try unsafe take(result, of: one, &answers, &failure)
            // Nil ends the results of one statement.
            while let more = unsafe try endOfResults(one.work, until: deadline) {
                unsafe PQclear(more)
            }
        }
        let sync = unsafe try nextResult(last, until: deadline)
        let status = unsafe PQresultStatus(sync)
        unsafe PQclear(sync)
        guard status == PGRES_PIPELINE_SYNC else { throw lose(last) }
        if let failure { throw failure }
        return answers
    }

    /// Runs a script of several statements without values, outside of any pipeline.
    package func execute(_ script: String, until deadline: Deadline) throws(PostgresError) {
        let work = "running `\(script.start)`"
        let open = unsafe try open(for: work)
        guard unsafe PQexitPipelineMode(open) == 1, unsafe PQsendQuery(open, script) == 1 else {
            throw lose(work)
        }
        var failure: PostgresError?
        while let result = unsafe try endOfResults(work, until: deadline) {
            defer { unsafe PQclear(result) }
            if unsafe PQresultStatus(result) == PGRES_FATAL_ERROR {
                failure = try unsafe refusal(result, work)
            }
        }
        guard unsafe PQenterPipelineMode(open) == 1 else { throw lose(work) }
        if let failure { throw failure }
    }

    /// The channels on which `NOTIFY` has come in since the last call; never waits.
    package func takeNotifications() throws(PostgresError) -> [String] {
        let work = "listening"
        let open = unsafe try open(for: work)
        guard unsafe PQconsumeInput(open) == 1 else { throw lose(work) }
        var channels: [String] = []
        while let note = unsafe PQnotifies(open) {
            unsafe channels.append(String(cString: note.pointee.relname))
            unsafe PQfreemem(note)
        }
        return channels
    }

    // MARK: Sending

    private struct Expected {
        let work: String
        /// The text that this one prepares; `nil`: it answers rows.
        let prepares: String?
    }

    private func send(_ step: Step, _ expected: inout [Expected]) throws(PostgresError) {
        let work = "running `\(step.sql.start)`"
        let open = unsafe try open(for: work)
        let types = step.parameters.map(\.type)
        var name = ""
        if step.isPrepared {
            if let kept = prepared[step.sql] {
                name = kept
            } else {
                preparedCount += 1
                name = "s\(preparedCount)"
                // Forgotten again if the server does not get to it.
                prepared[step.sql] = name
                let code = unsafe PQsendPrepare(open, name, step.sql, Int32(types.count), types)
                guard code == 1 else { throw lose(work) }
                expected.append(Expected(work: work, prepares: step.sql))
            }
        }
        let isSent = unsafe Values(step.parameters).withPointers { values, lengths, formats in
            let count = Int32(step.parameters.count)
            return step.isPrepared
                ? unsafe PQsendQueryPrepared(open, name, count, values, lengths, formats, 1)
                : unsafe PQsendQueryParams(
                    open,
                    step.sql,
                    count,
                    types,
                    values,
                    lengths,
                    formats,
                    1
                )
        }
        guard isSent == 1 else { throw lose(work) }
        expected.append(Expected(work: work, prepares: nil))
    }

    // MARK: Receiving

    private func nextResult(
        _ work: String,
        until deadline: Deadline
    ) throws(PostgresError) -> OpaquePointer {
        guard let result = unsafe try endOfResults(work, until: deadline) else { throw lose(work) }
        return unsafe result
    }

    /// The next result, or nil where libpq says that there is none for now.
    private func endOfResults(
        _ work: String,
        until deadline: Deadline
    ) throws(PostgresError) -> OpaquePointer? {
        let open = unsafe try open(for: work)
        while unsafe PQisBusy(open) == 1 { try exchange(work, until: deadline) }
        return unsafe PQgetResult(open)
    }

    private func take(
        _ result: OpaquePointer,
        of one: Expected,
        _ answers: inout [Rows],
        _ failure: inout PostgresError?
    ) throws(PostgresError) {
        switch unsafe PQresultStatus(result) {
        case PGRES_COMMAND_OK where one.prepares != nil:
            unsafe PQclear(result)
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            unsafe answers.append(Rows(result))
        case PGRES_PIPELINE_ABORTED:
            unsafe PQclear(result)
            if let sql = one.prepares { prepared[sql] = nil }
        case _:
            defer { unsafe PQclear(result) }
            if let sql = one.prepares { prepared[sql] = nil }
            let refused = try unsafe refusal(result, one.work)
            failure = failure ?? refused
        }
    }

    /// The server's refusal; throws it if it was the connection's end as well.
    private func refusal(
        _ result: OpaquePointer,
        _ work: String
    ) throws(PostgresError) -> PostgresError {
        let code = unsafe field(cpostgres_code_field(), of: result)
        let open = unsafe try open(for: work)
        guard !code.isEmpty, unsafe PQstatus(open) != CONNECTION_BAD else { throw lose(work) }
        let detail = unsafe field(cpostgres_detail_field(), of: result)
        let severity = unsafe field(cpostgres_severity_field(), of: result)
        let isEnd = severity == "FATAL" || severity == "PANIC"
        let message = unsafe field(cpostgres_message_field(), of: result)
        let error = PostgresError(
            kind: isEnd ? .lost : .refused,
            code: SQLState(code),
            message: detail.isEmpty ? message : "\(message). \(detail)",
            work: work
        )
        guard isEnd else { return error }
        close()
        throw error
    }
}

/// The values of one statement, end to end.
private struct Values {
    private var bytes: [UInt8] = []
    private var lengths: [Int32] = []
    private var starts: [Int?] = []

    init(_ parameters: [Parameter]) {
        for parameter in parameters {
            let start = bytes.count
            let isThere = parameter.encode(into: &bytes)
            starts.append(isThere ? start : nil)
            lengths.append(Int32(bytes.count - start))
        }
        // An empty array has no address, and to libpq a nil address is NULL.
        bytes.append(0)
    }

    func withPointers<Result>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, [Int32], [Int32]) -> Result
    ) -> Result {
        unsafe bytes.withUnsafeBytes { buffer in
            let base = unsafe buffer.assumingMemoryBound(to: CChar.self).baseAddress
            let pointers = unsafe starts.map { start -> UnsafePointer<CChar>? in
                guard let start, let base = unsafe base else { return nil }
                return unsafe base + start
            }
            let formats = [Int32](repeating: 1, count: starts.count)
            return unsafe pointers.withUnsafeBufferPointer {
                unsafe body($0.baseAddress, lengths, formats)
            }
        }
    }
}

extension String {
    /// Enough of a statement to know it by.
    fileprivate var start: String {
        let line = split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        return line.count > 60 ? line.prefix(60) + "…" : line
    }
}
