// A node's way to the store: as `WitnessedStore` does it, with the same witness.

internal import LockLease
internal import Vocabulary

extension SimulatedNode {
    /// Asks the store, unless its history is in doubt and turns out to have gone back.
    func ask(_ request: StoreRequest, answer: @escaping (StoreReply) -> Void) {
        let reply: (StoreReply) -> Void = { [unowned self] reply in
            world.after(0, on: self, "reply") { answer(reply) }
        }
        guard witness.isInDoubt, world.mutant != .historyIgnored else {
            return pass(request, reply)
        }
        look { [unowned self] error in
            if let error, request.isWriting || error.isOfReach { return reply(.failed(error)) }
            pass(request, reply)
        }
    }

    private func look(then: @escaping (StoreError?) -> Void) {
        let view = witness.view
        let life = life
        world.send(.identify, from: index) { [unowned self] reply in
            guard isUp, self.life == life else { return }
            switch reply {
            case .identity(let identity):
                then(admit(HistoryMark(identity), since: view, after: 0))
            case .failed(let error):
                if error.isOfReach { witness.doubt() }
                then(error)
            case _: then(nil)
            }
        }
    }

    private func admit(
        _ mark: HistoryMark,
        since view: HistoryWitness.View,
        after writes: Int64
    ) -> StoreError? {
        guard world.mutant != .historyIgnored else { return nil }
        do throws(StoreError) {
            try witness.admit(mark, since: view, after: writes)
            disk.seen = witness.view.seen
            return nil
        } catch {
            return error
        }
    }

    private func pass(_ request: StoreRequest, _ answer: @escaping (StoreReply) -> Void) {
        if request.isWriting, world.mutant != .historyIgnored {
            do throws(StoreError) {
                try witness.check()
            } catch {
                return answer(.failed(error))
            }
        }
        let view = witness.view
        let life = life
        world.send(request, from: index) { [unowned self] reply in
            guard isUp, self.life == life else { return }
            answer(noticed(reply, to: request, since: view))
        }
    }

    private func noticed(
        _ reply: StoreReply,
        to request: StoreRequest,
        since view: HistoryWitness.View
    ) -> StoreReply {
        switch (reply, request) {
        case (.failed(let error), .claim(_, let id, _)) where error.isOfReach:
            witness.doubt(id)
        case (.failed(let error), _) where error.isOfReach:
            witness.doubt()
        case (.renewal(let renewal), _):
            let epoch = renewal.head.revision.epoch
            let before = toldWrites.epoch == epoch ? toldWrites.writes : 0
            toldWrites = (epoch, max(before, renewal.writes))
            guard let seen = view.seen else { return reply }
            let mark = HistoryMark(
                storeID: seen.storeID,
                revision: renewal.head.revision,
                writes: renewal.writes
            )
            if let error = admit(mark, since: view, after: 1) { return .failed(error) }
        case (.outcomes(let outcomes), .claim(_, let id, _)):
            let hasWon = outcomes.contains {
                if case .won = $0 { true } else { false }
            }
            if hasWon { witness.wrote(id, since: view) }
        case _: break
        }
        return reply
    }
}

extension StoreError {
    /// Whether the store could not be reached, so that it may be another when it is back.
    var isOfReach: Bool {
        switch self {
        case .unavailable, .unknown: true
        case .sessionLost, .nodeNameInUse, .conflict, .compacted, .noSuchJob, .jobBusy,
            .historyRegressed, .anotherStore, .tooLarge, .full, .corrupt, .incompatible:
            false
        }
    }

    var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }
}
