// Which addresses a request may reach, decided when they are known.

/// Lists of networks that may be reached or may not; where two fit, the narrower one counts.
///
/// What no list names may be reached, but for addresses of the link and of nobody: there the
/// metadata services of clouds are found, which hand out keys to whoever asks. An owner who wants
/// them reached says so with a network at least as narrow.
package struct AddressRule: Equatable, Sendable {
    package enum Verb: String, Sendable {
        case allow
        case deny
    }

    struct Entry: Equatable, Sendable {
        let verb: Verb
        let network: Network
    }

    /// Why a text is no rule, with what to write instead.
    package struct Flaw: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let entries: [Entry]

    /// In force beneath whatever is written.
    private static let standard: [Entry] = [
        "169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "fd20:ce::254/128",
        "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "0.0.0.0/8", "::/128",
    ].compactMap { text in Network(text).map { Entry(verb: .deny, network: $0) } }

    /// Only what is forbidden anyway.
    package init() {
        entries = []
    }

    /// Reads `deny 10.0.0.0/8, allow 10.1.2.3`: verbs and networks, with commas between them.
    ///
    /// A network without a verb takes the one before it; `all` is every address.
    package init(_ text: String) throws(Flaw) {
        var entries: [Entry] = []
        var verb: Verb?
        for part in text.split(whereSeparator: { $0 == "," || $0.isNewline }) {
            var words = part.split(whereSeparator: \.isWhitespace)
            guard !words.isEmpty else { continue }
            if let said = Verb(rawValue: String(words[0])) {
                verb = said
                words.removeFirst()
            }
            guard let verb else {
                throw Flaw(description: "\"\(part)\" has no verb; write deny or allow before it")
            }
            guard !words.isEmpty else {
                throw Flaw(description: "\(verb.rawValue) says nothing; write a network behind it")
            }
            for word in words {
                for network in try Self.networks(word) {
                    entries.append(Entry(verb: verb, network: network))
                }
            }
        }
        self.entries = entries
    }

    private static func networks(_ word: Substring) throws(Flaw) -> [Network] {
        let texts = word == "all" ? ["0.0.0.0/0", "::/0"] : [String(word)]
        let networks = texts.compactMap(Network.init)
        guard networks.count == texts.count else {
            throw Flaw(
                description: "\"\(word)\" is no network; write one such as 10.0.0.0/8, fd00::/8, "
                    + "a single address, or all"
            )
        }
        return networks
    }

    /// Whether `address`, 4 or 16 bytes in the network's order, may be reached.
    ///
    /// An address of version 6 that carries one of version 4 in it is judged as both.
    package func allows(_ address: [UInt8]) -> Bool {
        Self.meanings(of: address).allSatisfy(isAllowed)
    }

    private func isAllowed(_ address: [UInt8]) -> Bool {
        // The owner's word goes before ours, and no before yes.
        let fitting = (entries.map { ($0, 1) } + Self.standard.map { ($0, 0) })
            .filter { $0.0.network.contains(address) }
        let best = fitting.max { one, other in
            let (left, right) = (one.0, other.0)
            if left.network.length != right.network.length {
                return left.network.length < right.network.length
            }
            if one.1 != other.1 { return one.1 < other.1 }
            return left.verb == .allow && right.verb == .deny
        }
        return best?.0.verb != .deny
    }

    /// The address, and the one of version 4 that a translator would make of it.
    ///
    /// - SeeAlso: RFC 4291 section 2.5.5, RFC 6052 section 2.1, RFC 8215, RFC 3056 section 2.
    private static func meanings(of address: [UInt8]) -> [[UInt8]] {
        guard address.count == 16 else { return [address] }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        let compatible = [UInt8](repeating: 0, count: 12)
        let translated: [UInt8] = [0x00, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8)
        if address.starts(with: mapped) { return [Array(address[12...])] }
        // 64:ff9b:1::/48 is for translators within a network, most of which take the last 32 bits.
        let local: [UInt8] = [0x00, 0x64, 0xFF, 0x9B, 0x00, 0x01]
        if address.starts(with: local) { return localMeanings(of: address) }
        if address.starts(with: translated) { return [address, Array(address[12...])] }
        if address.starts(with: [0x20, 0x02]) { return [address, Array(address[2..<6])] }
        let isLoopbackOrNobody = address[12...].starts(with: [0, 0, 0])
        if address.starts(with: compatible), !isLoopbackOrNobody {
            return [address, Array(address[12...])]
        }
        return [address]
    }

    /// Where a translator finds the address of version 4 behind prefixes of 48, 56, 64 and 96 bits;
    /// the byte at 8 is always left out.
    ///
    /// - SeeAlso: RFC 6052, section 2.2.
    private static func localMeanings(of address: [UInt8]) -> [[UInt8]] {
        let places = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], [12, 13, 14, 15]]
        return [address] + places.map { place in place.map { address[$0] } }
    }
}

/// An address with the length of its prefix.
struct Network: Equatable, Sendable {
    let bytes: [UInt8]
    let length: Int

    init?(_ text: String) {
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count <= 2, let address = NumericAddress.bytes(String(halves[0])) else {
            return nil
        }
        bytes = address
        guard halves.count == 2 else {
            length = address.count * 8
            return
        }
        guard let length = Int(halves[1]), (0...address.count * 8).contains(length) else {
            return nil
        }
        self.length = length
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == bytes.count else { return false }
        let whole = length / 8
        guard address[..<whole] == bytes[..<whole] else { return false }
        let rest = length % 8
        guard rest > 0 else { return true }
        return (address[whole] ^ bytes[whole]) >> UInt8(8 - rest) == 0
    }
}
