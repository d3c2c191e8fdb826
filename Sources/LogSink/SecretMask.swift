// Secrets that are not to be seen in a log, and how they are found in what a task prints.

internal import Vocabulary

/// A set of secrets, made ready to be found in one pass over any number of bytes.
///
/// An automaton by Aho and Corasick, "Efficient string matching" (1975): the cost of a byte does
/// not depend on how many secrets there are or how they overlap. Bytes of which two in a row begin
/// no secret, nearly all of them, cost a nanosecond each. Memory: 24 bytes for each of a secret's.
package struct SecretMask: Sendable {
    package static let shortest = 4
    package static let longest = 4_096
    /// How many bytes of secrets a mask is made of at most; who makes one looks after that.
    package static let byteLimit = 1 << 20

    /// What stands for a secret.
    static let cover = Array("***".utf8)

    private struct Node {
        var byte: UInt8 = 0
        var firstChild: Int32 = 0
        var nextSibling: Int32 = 0
        /// The node of the longest proper suffix that begins a secret.
        var fallback: Int32 = 0
        /// How many bytes from the root.
        var depth: Int32 = 0
        /// The length of the longest secret that ends here; 0: none.
        var found: Int32 = 0
    }

    private var nodes = [Node()]
    /// Whether two bytes in a row begin a secret, a bit for each pair.
    private var beginnings: [UInt64] = []

    /// Masks nothing.
    package static let none = SecretMask([])

    /// Masks `secrets`; one of several lines counts as one for each of its lines, and a line longer
    /// than ``longest`` as one for each piece of it.
    ///
    /// What is shorter than ``shortest`` would cover half a log and is left out.
    package init(_ secrets: [[UInt8]]) {
        let lines = secrets.flatMap { $0.split { $0 == LogLine.newline || $0 == 0x0D } }
        let distinct = Set(lines.filter { $0.count >= Self.shortest }.flatMap(Self.pieces))
        guard !distinct.isEmpty else { return }
        beginnings = [UInt64](repeating: 0, count: 1_024)
        for secret in distinct {
            insert(secret)
            let pair = Int(secret[0]) << 8 | Int(secret[1])
            beginnings[pair >> 6] |= 1 << UInt64(pair & 63)
        }
        connect()
    }

    package var isEmpty: Bool { nodes.count == 1 }

    /// Pieces that together are the whole of `line`; the last one is long enough to be masked.
    private static func pieces(of line: ArraySlice<UInt8>) -> [[UInt8]] {
        stride(from: 0, to: line.count, by: longest).map { start in
            let rest = line.dropFirst(start)
            return Array(rest.count < shortest ? line.suffix(shortest) : rest.prefix(longest))
        }
    }

    private mutating func insert(_ secret: [UInt8]) {
        var node: Int32 = 0
        for byte in secret {
            if let child = child(of: node, byte) {
                node = child
                continue
            }
            let number = Int32(nodes.count)
            let parent = nodes[Int(node)]
            nodes.append(
                Node(byte: byte, nextSibling: parent.firstChild, depth: parent.depth + 1)
            )
            nodes[Int(node)].firstChild = number
            node = number
        }
        nodes[Int(node)].found = Int32(secret.count)
    }

    /// Finds each node's fallback, the shallow ones first.
    private mutating func connect() {
        var queue: [Int32] = [0]
        var next = 0
        while next < queue.count {
            let node = queue[next]
            next += 1
            var child = nodes[Int(node)].firstChild
            while child != 0 {
                queue.append(child)
                let (above, byte) = (nodes[Int(node)].fallback, nodes[Int(child)].byte)
                let fallback = node == 0 ? 0 : step(above, byte)
                nodes[Int(child)].fallback = fallback
                if nodes[Int(child)].found == 0 {
                    nodes[Int(child)].found = nodes[Int(fallback)].found
                }
                child = nodes[Int(child)].nextSibling
            }
        }
    }

    private func child(of node: Int32, _ byte: UInt8) -> Int32? {
        var child = nodes[Int(node)].firstChild
        while child != 0 {
            if nodes[Int(child)].byte == byte { return child }
            child = nodes[Int(child)].nextSibling
        }
        return nil
    }

    // MARK: For filters

    /// Where `byte` leads from `node`.
    func step(_ node: Int32, _ byte: UInt8) -> Int32 {
        var node = node
        while true {
            if let child = child(of: node, byte) { return child }
            if node == 0 { return 0 }
            node = nodes[Int(node)].fallback
        }
    }

    /// How many of the last bytes may be the beginning of a secret.
    func depth(of node: Int32) -> Int { Int(nodes[Int(node)].depth) }
    /// How many of the last bytes are a secret; 0: none.
    func found(at node: Int32) -> Int { Int(nodes[Int(node)].found) }

    /// The first place from `start` on where a secret may begin; its last byte always may.
    func nextBeginning(in bytes: [UInt8], from start: Int) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe beginnings.withUnsafeBufferPointer { beginnings in
                var place = start
                let last = bytes.count - 1
                while place < last {
                    let pair = unsafe Int(bytes[place]) << 8 | Int(bytes[place + 1])
                    if unsafe beginnings[pair >> 6] >> UInt64(pair & 63) & 1 != 0 { break }
                    place += 1
                }
                return place
            }
        }
    }
}

/// Replaces secrets in one stream of bytes by `***`, in whatever pieces it comes.
///
/// Secrets that overlap are covered as one. What may yet turn out to be a secret is held back, at
/// most ``SecretMask/longest`` bytes and never beyond the end of a line.
package struct SecretFilter: Sendable {
    private let mask: SecretMask
    private var node: Int32 = 0
    /// Bytes that have not been let go: those that may begin a secret, at least.
    private var held: [UInt8] = []
    /// How many of the held bytes are covered already by what was let go.
    private var covered = 0
    /// Which of the held bytes are secrets, further back.
    private var finds: [Range<Int>] = []

    package init(_ mask: SecretMask) {
        self.mask = mask
    }

    /// Filters what comes next; answers what can be let go.
    package mutating func take(_ bytes: [UInt8]) -> [UInt8] {
        guard !mask.isEmpty else { return bytes }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + held.count)
        var place = 0
        while place < bytes.count {
            if node == 0 {
                release(into: &output, keeping: 0)
                let next = mask.nextBeginning(in: bytes, from: place)
                output += bytes[place..<next]
                place = next
            }
            let byte = bytes[place]
            place += 1
            held.append(byte)
            node = mask.step(node, byte)
            let length = mask.found(at: node)
            if length > 0 { cover(held.count - length..<held.count) }
        }
        release(into: &output, keeping: mask.depth(of: node))
        return output
    }

    /// What is left at the end of the stream.
    package mutating func end() -> [UInt8] {
        var output: [UInt8] = []
        release(into: &output, keeping: 0)
        node = 0
        return output
    }

    private mutating func cover(_ found: Range<Int>) {
        var found = found
        while let last = finds.last, last.upperBound > found.lowerBound {
            found = min(last.lowerBound, found.lowerBound)..<found.upperBound
            finds.removeLast()
        }
        if found.lowerBound < covered {
            covered = found.upperBound
        } else {
            finds.append(found)
        }
    }

    /// Lets all go but the last `count` of the held bytes.
    private mutating func release(into output: inout [UInt8], keeping count: Int) {
        let end = held.count - count
        guard end > 0 else { return }
        var place = min(covered, end)
        var coveredNow = max(0, covered - end)
        var left: [Range<Int>] = []
        for find in finds {
            guard find.lowerBound < end else {
                left.append(find.lowerBound - end..<find.upperBound - end)
                continue
            }
            output += held[place..<find.lowerBound]
            output += SecretMask.cover
            place = min(find.upperBound, end)
            coveredNow = max(coveredNow, find.upperBound - end)
        }
        output += held[place..<end]
        held.removeFirst(end)
        covered = coveredNow
        finds = left
    }
}
