// Taking over a whole list: made beside the replica's file, then put in its place.

internal import LockLease
internal import Platform
internal import SQLite
package import Vocabulary

extension Replica {
    package func beginInstallation() async throws(ReplicaError) -> any ListInstallation {
        if let fresh {
            guard !fresh.isTaken else {
                throw .unavailable("a snapshot is being installed already")
            }
            self.fresh?.isTaken = true
            return fresh.copy
        }
        FreshCopy.discard(settings.path)
        let copy = FreshCopy(beside: settings.path, at: file.meta.position)
        fresh = (copy, isTaken: true)
        return copy
    }

    package func pauseInstallation() {
        fresh?.isTaken = false
    }

    package func dropInstallation() async {
        guard let copy = fresh?.copy else { return }
        fresh = nil
        await copy.discard()
    }

    package func finishInstallation() async throws(ReplicaError) -> Position {
        guard let copy = fresh?.copy else { throw .refused("nothing is being installed") }
        do throws(ReplicaError) {
            let position = try await takeOver(copy)
            await dropInstallation()
            return position
        } catch {
            // Whole as it is, it need only wait: whoever begins next finds it finished.
            if case .unavailable = error {
                pauseInstallation()
            } else {
                await dropInstallation()
            }
            throw error
        }
    }

    private func takeOver(_ copy: FreshCopy) async throws(ReplicaError) -> Position {
        let (path, position) = try await copy.seal()
        await reader.detach()
        let result: Result<Position, ReplicaError>
        do throws(ReplicaError) {
            result = .success(try take(path, at: position, unlessMovedFrom: copy.began))
        } catch {
            result = .failure(error)
        }
        await reader.attach()
        return try result.get()
    }

    /// Puts the file at `path` in this one's place; nothing suspends in here.
    private func take(
        _ path: String,
        at position: Position,
        unlessMovedFrom began: Position
    ) throws(ReplicaError) -> Position {
        let have = file.meta.position
        if have != began, have.revision >= position.revision { return have }
        do throws(SQLiteError) { try file.close() } catch { throw ReplicaError(error) }
        do throws(ReplicaError) {
            // The log of the old file would be taken for the new one's.
            guard !FileStore.exists(settings.path + "-wal") else {
                throw .unavailable(
                    "another program has \(settings.path) open, so that a newer copy of the list "
                        + "waits beside it. End that program: fuser \(settings.path)"
                )
            }
            do throws(SystemError) {
                try FileStore.move(path, over: settings.path)
            } catch {
                throw .unavailable(error.description)
            }
        } catch {
            try reopen()
            throw error
        }
        try reopen()
        needed = nil
        recent.restart(at: file.meta.position)
        announce()
        return file.meta.position
    }

    private func reopen() throws(ReplicaError) {
        reader.generation.advance()
        let (file, damaged) = try ReplicaFile.open(settings.path)
        self.file = file
        if let damaged { filesSetAside.append(damaged) }
    }
}
