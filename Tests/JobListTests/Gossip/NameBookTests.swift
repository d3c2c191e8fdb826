import Gossip
import Platform
import Sealing
import Synchronization
import Testing
import Vocabulary

@testable import JobList

@Suite struct `Names of peers` {
    private let own = SocketAddress("10.0.0.1:7946")
    private let peer = PeerAddress("rota.example:7946")

    /// A resolver that answers each entry of a list once, the last one for ever.
    private func book(_ answers: [[String]]) -> (book: NameBook, asked: @Sendable () -> Int) {
        let asked = Mutexed(0)
        let book = NameBook(own: own) { host, port in
            let turn = asked.next()
            let hosts = answers[min(turn, answers.count - 1)]
            return host == "rota.example" ? hosts.compactMap { SocketAddress("\($0):\(port)") } : []
        }
        return (book, { asked.value })
    }

    @Test func `stand for all their addresses but our own, each once`() async {
        let (book, asked) = book([["10.0.0.3", "10.0.0.1", "10.0.0.2", "10.0.0.3"]])
        #expect(book.addresses(of: peer).isEmpty)
        let found = await book.resolved(peer).map(\.description)
        #expect(found == ["10.0.0.3:7946", "10.0.0.2:7946"])
        #expect(book.addresses(of: peer).map(\.description) == found)
        #expect(await book.resolved(peer).map(\.description) == found)
        #expect(asked() <= 2)
    }

    @Test func `are bounded, and forgotten by no failure of the resolver`() async {
        let many = (1...40).map { "10.1.0.\($0)" }
        let (book, _) = book([many, []])
        #expect(await book.resolved(peer).count == NameBook.addressLimit)
        #expect(await book.resolved(peer).count == NameBook.addressLimit)
        #expect(await book.resolved(PeerAddress("elsewhere:1")).isEmpty)
        #expect(await book.resolved(PeerAddress("no port")).isEmpty)
    }

    @Test func `are not asked for where there are numbers`() async {
        let (book, asked) = book([[]])
        let numeric = PeerAddress("[2001:db8::1]:7946")
        #expect(book.addresses(of: numeric).map(\.description) == ["[2001:db8::1]:7946"])
        #expect(await book.resolved(numeric).count == 1)
        #expect(asked() == 0)
    }
}

/// A counter for closures that may run anywhere.
private final class Mutexed: Sendable {
    private let count: Mutex<Int>

    init(_ value: Int) { count = Mutex(value) }

    var value: Int { count.withLock(\.self) }

    func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }
}

@Suite struct `Addresses that lead nowhere` {
    private func statement(_ name: String, at address: String) -> Statement {
        Statement(
            Member(
                name: NodeName(name),
                role: .node,
                address: PeerAddress(address),
                standing: Standing(bootEpoch: 1, incarnation: 0, state: .alive)
            ),
            by: NodeName(name)
        )
    }

    @Test(
        arguments: [
            ("127.0.0.1:1", "127.0.0.1:7946", true), ("10.0.0.9:1", "127.0.0.1:7946", false),
            ("10.0.0.9:1", "[::1]:7946", false), ("10.0.0.9:1", "169.254.3.4:7946", false),
            ("10.0.0.9:1", "[fe80::1]:7946", false), ("169.254.9.9:1", "169.254.3.4:7946", true),
            ("10.0.0.9:1", "10.0.0.9:7946", true), ("10.0.0.9:1", "n1.example:7946", true),
            ("[fe80::9]:1", "[fe80::1]:7946", true), ("[2001:db8::9]:1", "[fe80::1]:7946", false),
            ("[::1]:1", "[::1]:7946", true), ("[2001:db8::9]:1", "[::1]:7946", false),
            // A socket for both kinds sees IPv4 hosts like this, and so may a member write them.
            ("[::ffff:127.0.0.1]:1", "127.0.0.1:7946", true),
            ("[::ffff:10.0.0.9]:1", "127.0.0.1:7946", false),
            ("10.0.0.9:1", "[::ffff:127.0.0.1]:7946", false),
            ("10.0.0.9:1", "[::ffff:169.254.3.4]:7946", false),
        ]
    )
    func `are believed only of who is that near`(
        speaker: String,
        advertised: String,
        isBelieved: Bool
    ) throws {
        let from = try #require(SocketAddress(speaker))
        let told = statement("n1", at: advertised)
        let other = Frame.statement(statement("n2", at: "10.0.0.2:7946"))
        let packet = PacketManners.believable([.statement(told), other], from: from)
        #expect(packet.frames.count == (isBelieved ? 2 : 1))
        #expect(packet.frames.last == other)
        #expect(packet.unreachable?.name == (isBelieved ? nil : NodeName("n1")))
        let sender = Sender(name: NodeName("n1"), bootEpoch: 1, position: .start)
        let sheet = PacketManners.believable(
            RosterSheet(sender: sender, statements: [told]),
            from: from
        )
        #expect(sheet.sheet.statements.count == (isBelieved ? 1 : 0))
    }

    @Test(
        arguments: [
            ("0.0.0.0:0", "127.0.0.1:0", [] as [String], 1),
            ("0.0.0.0:0", "169.254.1.1:0", [], 1), ("0.0.0.0:0", "10.0.0.1:0", [], 0),
            ("127.0.0.1:0", "127.0.0.1:0", [], 0),
            ("127.0.0.1:0", "127.0.0.1:0", ["10.0.0.2:7946"], 1),
            ("127.0.0.1:0", "10.0.0.1:0", ["10.0.0.2:7946"], 0),
            ("127.0.0.1:0", "127.0.0.1:0", ["127.0.0.1:7946", "rota.example:7946"], 0),
        ]
    )
    func `are refused at the start with a sentence`(
        bind: String,
        advertise: String,
        seeds: [String],
        count: Int
    ) throws {
        var settings = GossipSettings(
            name: NodeName("a"),
            role: .node,
            clusterID: "test",
            bootEpochFile: "",
            membersFile: ""
        )
        settings.keys = GossipKeys(key: .random(), clusterID: "test")
        settings.bindAddress = bind
        settings.advertise = advertise
        settings.seeds = seeds
        #expect(settings.faults.count == count, "\(settings.faults)")
    }

    @Test func `are complained of once a minute, and strangers cannot fill the log`() {
        var book = ComplaintBook()
        let start = MonotonicInstant(sinceBoot: .seconds(100))
        var told = 0
        for second in 0..<59 {
            let now = start.advanced(by: .seconds(second))
            if book.mayComplain("key 3", of: "10.0.0.1:1", at: now) { told += 1 }
            for port in 0..<10 {
                _ = book.mayComplain("key 3", of: "10.0.\(second).2:\(port)", at: now)
            }
        }
        #expect(told == 1)
        let later = start.advanced(by: .seconds(130))
        let all = (0..<100).count { book.mayComplain("x", of: "\($0)", at: later) }
        #expect(all == ComplaintBook.limit)
    }
}
