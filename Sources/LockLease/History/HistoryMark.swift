// How far a store's history went, as a value that can be kept and compared.

package import Vocabulary

/// How far the history of a store had gone when somebody looked.
package struct HistoryMark: Equatable, Sendable {
    package let storeID: String
    /// Of the list's head.
    package let revision: Revision
    /// ``StoreIdentity/writes``.
    package let writes: Int64

    package init(storeID: String, revision: Revision, writes: Int64) {
        self.storeID = storeID
        self.revision = revision
        self.writes = writes
    }

    package init(_ identity: StoreIdentity) {
        self.init(
            storeID: identity.id,
            revision: identity.head.revision,
            writes: identity.writes
        )
    }

    /// For messages: `revision 1.45 after 1203 writes`.
    package var progress: String { "revision \(revision) after \(writes) writes" }

    /// Whether a store that is at `found` now may be the one that was at `self` before.
    ///
    /// A new epoch begins only when somebody accepts what is there, so it may count from anywhere.
    package func check(_ found: Self) throws(StoreError) {
        guard found.storeID == storeID else { throw .anotherStore(seen: self, found: found) }
        guard found.revision.epoch <= revision.epoch else { return }
        guard found.revision >= revision, found.writes >= writes else {
            throw .historyRegressed(seen: self, found: found)
        }
    }

    /// The further of two marks of one store.
    func further(_ other: Self) -> Self {
        if other.revision.epoch != revision.epoch {
            return other.revision.epoch > revision.epoch ? other : self
        }
        return Self(
            storeID: storeID,
            revision: max(revision, other.revision),
            writes: max(writes, other.writes)
        )
    }
}

extension HistoryMark: CustomStringConvertible {
    /// The three parts with a space between them, as a file keeps them.
    package var description: String { "\(storeID) \(revision) \(writes)" }

    /// Reads a ``description``; `nil` for any other text.
    package init?(_ text: String) {
        let parts = text.split(whereSeparator: \.isWhitespace)
        guard parts.count == 3, let revision = Revision(String(parts[1])),
            let writes = Int64(parts[2])
        else { return nil }
        self.init(storeID: String(parts[0]), revision: revision, writes: writes)
    }
}
