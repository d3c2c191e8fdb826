// Reads `etcd://user:password@host:port,host:port/prefix?tls=true&ca=…`.

internal import HTTPClient

extension EtcdSettings {
    private static let advice = "Write it as in etcd://10.0.0.1:2379,10.0.0.2:2379/rota"

    /// Settings from a `store:` setting; `etcds` stands for `etcd` with `tls=true`.
    ///
    /// - Throws: ``StoreError/incompatible(_:)`` with what to write instead; never with a password.
    package init(url text: String) throws(StoreError) {
        let parts = try URLParts(text)
        self.init(endpoints: try Self.endpoints(parts.hosts), prefix: try Self.prefix(parts.path))
        isEncrypted = parts.scheme == "etcds"
        try readUser(parts.user)
        for (name, value) in try parts.options() {
            switch name {
            case "tls":
                let isTrue = try Self.flag(value, name)
                isEncrypted = isEncrypted || isTrue
            case "compact":
                if try !Self.flag(value, name) { historyKept = nil }
            case "ca": authorityFile = try Self.file(value, name)
            case "cert": certificateFile = try Self.file(value, name)
            case "key": keyFile = try Self.file(value, name)
            case "quota":
                guard let bytes = Int64(value), bytes > 0 else {
                    throw Self.fault("quota is \"\(value)\"; write etcd's quota in bytes")
                }
                quotaBytes = bytes
            case _:
                let known = "tls, ca, cert, key, quota, compact"
                throw Self.fault("no option is called \(name); there are \(known)")
            }
        }
        guard isEncrypted || identity == HTTPIdentity() else {
            throw Self.fault("ca, cert and key need encryption; write etcds:// or tls=true")
        }
        guard keyFile == nil || certificateFile != nil else {
            throw Self.fault("there is a key and no cert it belongs to")
        }
    }

    private static func fault(_ what: String) -> StoreError {
        .incompatible("store: \(what). \(advice)")
    }

    private static func flag(_ value: String, _ name: String) throws(StoreError) -> Bool {
        switch value {
        case "true": return true
        case "false": return false
        case _: throw fault("\(name) is \"\(value)\"; write true or false")
        }
    }

    private mutating func readUser(_ text: Substring?) throws(StoreError) {
        guard let text else { return }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = parts[0].removingPercents, !user.isEmpty,
            let password = parts.count == 2 ? parts[1].removingPercents : ""
        else { throw Self.fault("user or password cannot be read; write odd characters as %XX") }
        self.user = user
        self.password = password
    }

    private static func endpoints(_ text: Substring) throws(StoreError) -> [String] {
        var endpoints: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let isAddress = part.hasPrefix("[")
            let host = isAddress ? part.prefix { $0 != "]" } + "]" : part.prefix { $0 != ":" }
            let port = part.dropFirst(host.count)
            let letters = host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                case UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): isAddress
                case _: false
                }
            }
            guard !host.isEmpty, letters, port.isEmpty || port.hasPrefix(":") else {
                throw fault("\"\(part)\" is no host:port")
            }
            let number = port.isEmpty ? 2_379 : UInt16(port.dropFirst())
            guard let number, number > 0 else {
                throw fault("\"\(part)\" has no port from 1 to 65535")
            }
            endpoints.append("\(host):\(number)")
        }
        return endpoints
    }

    /// One word or path of them: two stores must not lie inside of each other.
    private static func prefix(_ text: Substring) throws(StoreError) -> String {
        let words = text.split(separator: "/", omittingEmptySubsequences: false)
        let isSound = words.allSatisfy { word in
            !word.isEmpty
                && word.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"),
                        UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
                        UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    case _: false
                    }
                }
        }
        guard isSound, text.utf8.count <= 200 else {
            throw fault("there is no prefix of letters, digits, '.', '-', '_' behind the hosts")
        }
        return String(text)
    }

    private static func file(_ value: String, _ name: String) throws(StoreError) -> String {
        guard value.hasPrefix("/") else {
            throw fault("\(name) is \"\(value)\"; write the absolute path of a PEM file")
        }
        return value
    }

    /// The pieces of the setting, before any of them is believed.
    private struct URLParts {
        let scheme: Substring
        let user: Substring?
        let hosts: Substring
        let path: Substring
        private let query: Substring

        init(_ text: String) throws(StoreError) {
            guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
                throw fault("this is no etcd:// setting")
            }
            scheme = text[..<colon]
            guard scheme == "etcd" || scheme == "etcds" else {
                throw fault("this is no etcd:// setting")
            }
            let rest = text[colon...].dropFirst(3)
            let behind = rest.firstIndex(of: "?")
            query = behind.map { rest[rest.index(after: $0)...] } ?? ""
            let place = rest[..<(behind ?? rest.endIndex)]
            // A password may hold an `@`, but no host does.
            let at = place.lastIndex(of: "@")
            user = at.map { place[..<$0] }
            let address = at.map { place[place.index(after: $0)...] } ?? place
            let slash = address.firstIndex(of: "/") ?? address.endIndex
            hosts = address[..<slash]
            path = address[slash...].dropFirst()
        }

        func options() throws(StoreError) -> [(String, String)] {
            var options: [(String, String)] = []
            for part in query.split(separator: "&") {
                let sides = part.split(
                    separator: "=",
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                guard sides.count == 2, let value = sides[1].removingPercents else {
                    throw fault("an option behind the ? is not of the form name=value")
                }
                options.append((String(sides[0]), value))
            }
            return options
        }
    }
}

extension Substring {
    /// With `%XX` read as bytes; `nil` if that gives no text.
    fileprivate var removingPercents: String? {
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
