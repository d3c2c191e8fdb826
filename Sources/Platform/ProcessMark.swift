// What a process and all its offspring are recognised by, whatever they do to hide.

internal import CLinux

/// A number that a task's processes pass on to those they start.
///
/// An environment is easily left behind, and so are sessions and parents. Not hard limits: they are
/// inherited by every process, and hardly one touches RLIMIT_RTTIME, which says how long a process
/// of real-time priority may go without a pause. Marks are above 146,000 years.
package struct ProcessMark: Hashable, Sendable {
    /// The variable by which one is recognised that had its limits set anew.
    package static let variable = "ROTA_RUN_ID"
    private static let lowest: UInt64 = 1 << 62

    /// At least 2^62, less than 2^63.
    let number: UInt64

    /// The mark of the run called `name`; the same at any time, on any machine.
    ///
    /// - SeeAlso: FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>.
    package init(_ name: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        number = Self.lowest | hash >> 2
    }

    private init(number: UInt64) {
        self.number = number
    }

    /// The mark of a process, living or not reaped yet; `nil` if it has none that can be read.
    ///
    /// - Complexity: A system call; for one without a mark, the size of its environment as well.
    package init?(of processID: Int32) {
        var limit: UInt64 = 0
        if unsafe clinux_mark(processID, &limit) == 0, (Self.lowest..<2 * Self.lowest) ~= limit {
            self.init(number: limit)
        } else if let name = ProcessTable.variable(Self.variable, of: processID) {
            self.init(name)
        } else {
            return nil
        }
    }
}
