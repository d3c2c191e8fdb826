// What a back end stores of one log besides its chunks.

internal import Vocabulary

/// One row of `log`, whatever the database.
struct LogRow: Equatable, Sendable {
    let number: Int64
    let limit: Int
    let end: Int64
    let missing: Range<Int64>
    let isHeadFull: Bool
    let isClosed: Bool

    init(
        number: Int64,
        limit: Int64,
        end: Int64,
        headEnd: Int64,
        tailStart: Int64,
        isHeadFull: Bool,
        isClosed: Bool
    ) {
        self.number = number
        self.limit = Int(clamping: limit)
        self.end = end
        missing = headEnd..<max(headEnd, tailStart)
        self.isHeadFull = isHeadFull
        self.isClosed = isClosed
    }

    /// The log as it can be appended to; `tailChunks` are where the chunks from the tail's start
    /// on begin.
    func buffer(tailChunks: [Int64]) -> LogBuffer {
        LogBuffer(
            number: number,
            layout: LogLayout(
                limit: limit,
                end: end,
                missing: missing,
                isHeadFull: isHeadFull,
                tailChunks: isHeadFull ? tailChunks : []
            )
        )
    }

    func page(from offset: Int64, limit: Int) -> LogPageBuilder {
        LogPageBuilder(
            from: offset,
            limit: limit,
            end: end,
            missing: missing,
            isComplete: isClosed
        )
    }

    /// How many chunks to fetch at once for a page: it ends long before a log does.
    static func chunkCount(for limit: Int) -> Int {
        min(max(0, limit) / 8_192 + 1, 8)
    }
}

/// A log that retention gives up.
struct SurplusLog: Equatable, Sendable {
    let number: Int64
    let run: RunID

    /// How many are looked for at once, since looking costs as much as there are logs.
    static let batch = 2_000
    /// How many are removed in one transaction.
    static let step = 100
}

extension Retention {
    /// For how long in whole milliseconds, at most a hundred years.
    var ageInMilliseconds: Int64 { min(max(.zero, age), .seconds(3_155_760_000)).milliseconds }
}

extension LogRetention {
    var ageInMilliseconds: Int64 { min(max(.zero, age), .seconds(3_155_760_000)).milliseconds }
}
