// HTTP tasks as documents.

internal import Vocabulary

/// Reads and writes `http`.
enum HTTPTaskForm {
    private static let fields = [
        "url", "method", "headers", "body", "credentials", "tls", "redirects", "connect_timeout",
        "expect", "expect_body", "async",
    ]
    private static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    static func read(_ value: Value, in members: MemberReader) -> HTTPTask? {
        guard
            let inner = MemberReader(
                value,
                at: members.place("http"),
                known: fields,
                faults: members.faults
            )
        else { return nil }
        var task = HTTPTask(url: readURL(inner) ?? "")
        if let method = inner.text("method", limit: 32) {
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
        if let body = task.body { inner.checkTemplate(body, at: "body") }
        task.credentials = readCredentials(inner)
        if task.credentials != nil,
            task.headers.keys.contains(where: { $0.lowercased() == "authorization" })
        {
            inner.fault("credentials", "headers has Authorization as well; write one of the two")
        }
        readFiles(inner, into: &task.files)
        task.redirectLimit = inner.integer("redirects", in: Limits.redirects)
        task.connectTimeout =
            inner.duration("connect_timeout", in: Limits.connectTimeout) ?? task.connectTimeout
        task.expectedStatus = readStatuses(inner)
        task.expectedBody = readPattern(inner)
        task.isAsynchronous = inner.bool("async") ?? task.isAsynchronous
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
            url.replacing(" }}", with: "}}").replacing("{{ ", with: "{{").utf8
                .allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            members.wrong(
                "url",
                .string(url),
                write: "a URL such as https://example.org/hook, percent-encoded"
            )
            return nil
        }
        let authority = rest.prefix { !"/?#".contains($0) }
        if authority.contains("{{") {
            members.fault("url", "whom to ask may not differ from run to run; write the host out")
        } else if authority.contains("@") {
            members.fault(
                "url",
                "a user or password here would be seen; write credentials instead"
            )
        }
        members.checkTemplate(url, at: "url", mayHoldSecrets: false)
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
        let isLine = text.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0x7F || $0 == "\t"
        }
        guard isLine else {
            return "a header cannot contain control characters; remove them"
        }
        do throws(TaskTemplate.Flaw) {
            _ = try TaskTemplate(text)
            return nil
        } catch {
            return error.detail
        }
    }

    private static func readCredentials(_ members: MemberReader) -> HTTPCredentials? {
        guard let value = members["credentials"],
            let inner = MemberReader(
                value,
                at: members.place("credentials"),
                known: ["user", "password", "token"],
                faults: members.faults
            )
        else { return nil }
        switch (inner["user"], inner["password"], inner["token"]) {
        case (nil, nil, _?):
            return inner.secretTemplate("token", limit: Limits.headerBytes)
                .map { .bearer(token: $0) }
        case (_?, _?, nil):
            let user = inner.text("user", limit: Limits.headerBytes)
            if let user { inner.checkTemplate(user, at: "user") }
            if user?.contains(":") == true { inner.fault("user", "a colon ends it; remove it") }
            let password = inner.secretTemplate("password", limit: Limits.headerBytes)
            guard let user, let password else { return nil }
            return .basic(user: user, password: password)
        case _:
            members.fault("credentials", "write user and password, or token alone")
            return nil
        }
    }

    private static func readFiles(_ members: MemberReader, into files: inout HTTPFiles) {
        guard let value = members["tls"],
            let inner = MemberReader(
                value,
                at: members.place("tls"),
                known: ["authorities", "certificate", "key"],
                faults: members.faults
            )
        else { return }
        files.authorities = ShellTaskReader.path("authorities", inner)
        files.certificate = ShellTaskReader.path("certificate", inner)
        files.key = ShellTaskReader.path("key", inner)
        if files.key != nil, inner["certificate"] == nil {
            inner.fault("key", "a key goes with a certificate; write that too")
        }
    }

    /// Codes, and texts such as `"200-299"`.
    private static func readStatuses(_ members: MemberReader) -> [ClosedRange<Int>] {
        guard let value = members["expect"] else { return [] }
        guard let items = value.array else {
            members.wrong("expect", value, write: "a list")
            return []
        }
        guard items.count <= Limits.expectedStatuses else {
            members.fault(
                "expect",
                "this has \(items.count) entries; at most \(Limits.expectedStatuses) are allowed"
            )
            return []
        }
        return items.enumerated().compactMap { index, item in
            let ends =
                item.integer.map { [Int($0)] }
                ?? item.string?.split(separator: "-", omittingEmptySubsequences: false)
                .compactMap { Int($0) } ?? []
            guard let low = ends.first, let high = ends.last, ends.count <= 2, low <= high,
                Limits.expectedStatus.contains(low), Limits.expectedStatus.contains(high),
                item.integer != nil || ends.count == 2
            else {
                members.faults.add(
                    "\(members.place("expect"))/\(index)",
                    "this is \(item.inMessage); write a whole number from "
                        + "\(Limits.expectedStatus.inWords), or a range such as \"200-299\""
                )
                return nil
            }
            return low...high
        }
    }

    private static func readPattern(_ members: MemberReader) -> String? {
        guard let text = members.text("expect_body", limit: Limits.patternBytes) else {
            return nil
        }
        do throws(BytePattern.Flaw) {
            _ = try BytePattern(text)
        } catch {
            members.fault("expect_body", error.detail)
        }
        return text
    }
}

// MARK: Writing

extension HTTPTaskForm {
    static func value(of task: HTTPTask) -> Value {
        let plain = HTTPTask(url: "")
        var members = Members()
        members["url"] = .string(task.url)
        members.add("method", task.method, unless: plain.method)
        members["headers"] = SpecWriter.map(task.headers)
        members["body"] = task.body.map { .string($0) }
        members["credentials"] = task.credentials.map(value(of:))
        members["tls"] = value(of: task.files)
        members["redirects"] = task.redirectLimit.map { .integer(Int64($0)) }
        members.add("connect_timeout", task.connectTimeout, unless: plain.connectTimeout)
        if !task.expectedStatus.isEmpty {
            members["expect"] = .array(
                task.expectedStatus.map { range in
                    range.count == 1
                        ? .integer(Int64(range.lowerBound))
                        : .string("\(range.lowerBound)-\(range.upperBound)")
                }
            )
        }
        members["expect_body"] = task.expectedBody.map { .string($0) }
        if task.isAsynchronous { members["async"] = true }
        return .object(members.all)
    }

    private static func value(of credentials: HTTPCredentials) -> Value {
        switch credentials {
        case .basic(let user, let password):
            ["user": .string(user), "password": .string(password)]
        case .bearer(let token): ["token": .string(token)]
        }
    }

    private static func value(of files: HTTPFiles) -> Value? {
        var members = Members()
        members["authorities"] = files.authorities.map { .string($0) }
        members["certificate"] = files.certificate.map { .string($0) }
        members["key"] = files.key.map { .string($0) }
        return members.all.isEmpty ? nil : .object(members.all)
    }
}
