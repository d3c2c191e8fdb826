// Two network namespaces with a cable between them that can be cut without either noticing.

internal import Platform
internal import RaceWords

/// Each side has an address on a bridge of its own.
///
/// The bridges are joined by a pair of virtual
/// cards. Taking that pair down loses every packet between the sides, and no card of theirs goes
/// down. Another pair each leads to the collector, for what is not part of the race.
final class SplitYard: Sendable {
    private let holders: [RaceProcess]

    /// Needs root; call it in a network namespace that nobody else uses.
    init(on loop: EventLoop) async throws {
        var holders: [RaceProcess] = []
        for _ in 0..<2 {
            holders.append(
                try await RaceProcess.start(
                    ["/usr/bin/unshare", "-n", "/bin/sleep", "infinity"],
                    on: loop,
                    read: { _ in }
                )
            )
        }
        self.holders = holders
        // The holders have their namespaces once they are `sleep`.
        for holder in holders {
            let name = await until(within: .seconds(5)) {
                let path = "/proc/\(holder.processID)/comm"
                let bytes = (try? FileStore.read(path, limit: 64)) ?? []
                return String(decoding: bytes, as: UTF8.self).hasPrefix("sleep") ? true : nil
            }
            guard name != nil else { throw RaceFailure("no namespace was made") }
        }
        try Self.shell(Self.common)
        for side in 0..<2 {
            try Self.shell(Self.perSide, ["\(side)", "\(holders[side].processID)"])
        }
    }

    func host(_ side: Int) -> String { "10.77.0.\(side + 1)" }
    func controlHost(_ side: Int) -> String { "10.78.\(side).1" }

    func enter(_ side: Int) -> [String] {
        ["/usr/bin/nsenter", "--net=/proc/\(holders[side].processID)/ns/net"]
    }

    func cut() throws { try Self.shell("ip link set cable0 down") }
    func mend() throws { try Self.shell("ip link set cable0 up") }

    func end() async {
        for holder in holders { await holder.end() }
        try? Self.shell("ip link del cable0; ip link del bridge0; ip link del bridge1")
    }

    private static let common = """
        set -e
        ip link add bridge0 type bridge; ip link add bridge1 type bridge
        ip link add cable0 type veth peer name cable1
        ip link set cable0 master bridge0; ip link set cable1 master bridge1
        for link in bridge0 bridge1 cable0 cable1; do ip link set $link up; done
        """

    private static let perSide = """
        set -e
        ip link add side$1 type veth peer name race netns $2
        ip link set side$1 master bridge$1; ip link set side$1 up
        ip link add control$1 type veth peer name control netns $2
        ip addr add 10.78.$1.254/24 dev control$1; ip link set control$1 up
        nsenter --net=/proc/$2/ns/net sh -ec "
            ip link set lo up
            ip addr add 10.77.0.$(($1 + 1))/24 dev race; ip link set race up
            ip addr add 10.78.$1.1/24 dev control; ip link set control up"
        """

    private static func shell(_ line: String, _ arguments: [String] = []) throws {
        let code = try Terminal.run(line, arguments: arguments)
        guard code == 0 else { throw RaceFailure("`\(line.prefix(60))…` ended with \(code)") }
    }
}
