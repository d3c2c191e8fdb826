// What a job does, read from a document: `shell` or `http`.

internal import Vocabulary

/// Reads the task of a spec.
enum TaskReader {
    static func read(_ members: MemberReader) -> TaskSpec? {
        switch (members["shell"], members["http"]) {
        case (let shell?, nil): return ShellTaskReader.read(shell, in: members).map { .shell($0) }
        case (nil, let http?): return readHTTP(http, in: members).map { .http($0) }
        case (nil, nil):
            members.faults.add(
                members.pointer,
                "the job does nothing; write shell with a command, or http with a url"
            )
            return nil
        case (_?, _?):
            members.fault("http", "the job has shell as well; write one of the two")
            return nil
        }
    }

    private static func readHTTP(_ value: Value, in members: MemberReader) -> HTTPTask? {
        let known = ["url", "method", "headers", "body", "expect"]
        guard
            let inner = MemberReader(
                value,
                at: members.place("http"),
                known: known,
                faults: members.faults
            )
        else { return nil }
        var task = HTTPTask(url: readURL(inner) ?? "")
        if let method = inner.text("method", limit: 32) {
            let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
            if !methods.contains(method) {
                inner.wrong("method", .string(method), write: methods.joined(separator: ", "))
            }
            task.method = method
        }
        task.headers =
            inner.textMap("headers", count: Limits.headers, limit: Limits.headerBytes) {
                headerFlaw($0, $1)
            } ?? [:]
        task.body = inner.text("body", limit: Limits.bodyBytes)
        task.expectedStatus =
            inner.integers(
                "expect",
                count: Limits.expectedStatuses,
                in: Limits.expectedStatus
            ) ?? []
        return task.url.isEmpty ? nil : task
    }

    private static func readURL(_ members: MemberReader) -> String? {
        guard let url = members.text("url", limit: Limits.urlBytes) else {
            if members["url"] == nil { members.fault("url", "this is missing; write a URL") }
            return nil
        }
        let lower = url.lowercased()
        let rest = ["http://", "https://"].first(where: lower.hasPrefix).map {
            lower.dropFirst($0.count)
        }
        guard let rest, let first = rest.utf8.first, !"/?#:".utf8.contains(first),
            url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            members.wrong(
                "url",
                .string(url),
                write: "a URL such as https://example.org/hook, percent-encoded"
            )
            return nil
        }
        return url
    }

    /// - SeeAlso: RFC 9110, section 5.
    private static func headerFlaw(_ name: String, _ text: String) -> String? {
        let isToken = name.utf8.allSatisfy {
            "!#$%&'*+-.^_`|~".utf8.contains($0)
                || Character(Unicode.Scalar($0)).isASCIILetterOrDigit
        }
        guard isToken, !name.isEmpty, name.utf8.count <= Limits.tagBytes else {
            return "\(Value.string(name).quoted) cannot name a header; write one such as X-Source"
        }
        // A line break would smuggle in further headers.
        return text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F }
            ? "a header cannot contain control characters; remove them" : nil
    }
}

extension Character {
    var isASCIILetterOrDigit: Bool { isASCII && (isLetter || isNumber) }
}
