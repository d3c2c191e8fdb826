// Which part of a log a request asks for, and in which form.

internal import HTTPService
internal import LogSink
internal import Vocabulary

/// What `GET /v1/runs/{id}/log` was asked for.
struct LogWish {
    let format: LogFormat
    let streams: LogStreams
    /// Negative: so many bytes before the end.
    let offset: Int64
    let limit: Int
    let follows: Bool
    /// Of `Range`, where bytes can be counted and nothing else says which.
    let range: LogByteRange?

    /// Whether the answer is the very bytes that were printed, so that ranges of it make sense.
    var isBytes: Bool { format == .plain && streams == .both && !follows }

    /// - Throws: Which parameter makes no sense, and what to write.
    init(_ call: Call) throws(Problem) {
        let request = call.request
        format = LogFormat(accept: request.header("accept"))
        // A browser that was cut off says where it stopped; the address is still that of the start.
        let seen = format == .events ? request.header("last-event-id").flatMap(Int.init) : nil
        if let seen, seen >= 0 {
            offset = Int64(seen)
        } else {
            offset = Int64(try call.number("offset", default: 0, in: -Int.max...Int.max))
        }
        limit = try call.number("limit", default: Int.max, in: 0...Int.max)
        follows = request.parameter("follow") == "1"
        let stream = request.parameter("stream") ?? LogStreams.both.rawValue
        guard let streams = LogStreams(rawValue: stream) else {
            throw Problem(.badRequest, "stream=\(stream) is none; write out, err or both.")
        }
        self.streams = streams
        let isWhole = request.parameter("offset") == nil && request.parameter("limit") == nil
        let isPlain = format == .plain && streams == .both && !follows
        range =
            isWhole && isPlain ? request.header("range").flatMap(LogByteRange.init(header:)) : nil
    }
}

extension Call {
    /// What is to be looked for in a log.
    func logQuestion() throws(Problem) -> LogQuestion {
        guard let text = request.parameter("q"), !text.isEmpty,
            text.utf8.count <= LogQuestion.textLimit
        else {
            throw Problem(
                .badRequest,
                "q is to say what to look for, in 1 to \(LogQuestion.textLimit) bytes."
            )
        }
        let letters = request.parameter("letters") ?? "exact"
        guard ["exact", "any"].contains(letters) else {
            throw Problem(.badRequest, "letters=\(letters) is none; write any, or leave it out.")
        }
        let limit = try number("limit", default: 200, in: LogQuestion.limits)
        return LogQuestion(text: text, letters: letters == "any" ? .anyCase : .exact, limit: limit)
    }
}
