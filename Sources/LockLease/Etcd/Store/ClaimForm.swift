// How the writes of a claim are put into one transaction of etcd's.

internal import Vocabulary

/// The shape of a claim's transaction: jobs that do not stand in each other's way, and the beat
/// that is written with them: the session's renewal, the remembered request, the counters.
///
/// A claim that is lost is to write nothing. One job is simply a condition of the whole. Of
/// several, etcd can be told to write no beat if all cursors have moved; that makes a large claim
/// a sixth slower, so large ones write the beat in any case. They are lost as a whole only if the
/// claimant has overlooked what all others did since it read the cursors.
enum ClaimForm {
    case flat
    case guarded
    case beating

    private static let guardedJobs = 16

    init(_ jobs: Int) {
        switch jobs {
        case 1: self = .flat
        case ...Self.guardedJobs: self = .guarded
        case _: self = .beating
        }
    }

    /// Whether the beat is written whatever becomes of the jobs.
    var alwaysBeats: Bool {
        switch self {
        case .flat, .guarded: false
        case .beating: true
        }
    }

    /// Puts `jobs` and `beat` into `transaction`, which has its conditions already.
    func fill(
        _ transaction: inout EtcdTransaction,
        with jobs: [JobWrite],
        _ beat: [KeyOperation],
        isLost: (UID) -> KeyCondition
    ) {
        switch self {
        case .flat:
            transaction.conditions += jobs.flatMap(\.conditions)
            transaction.success = EtcdTransaction.grouped(
                beat + jobs.flatMap(\.operations),
                width: EtcdTransaction.width - transaction.conditions.count
            )
        case .guarded:
            let width = EtcdTransaction.width - transaction.conditions.count - jobs.count
            let allLost = EtcdTransaction(
                conditions: jobs.map { isLost($0.job) },
                failure: beat
            )
            let each = EtcdTransaction(success: jobs.map { $0.nested(width: width) })
            transaction.success = [.nested(allLost), .nested(each)]
        case .beating:
            let outer = max(transaction.conditions.count, beat.count + jobs.count)
            transaction.success =
                beat + jobs.map { $0.nested(width: EtcdTransaction.width - outer) }
        }
    }

    /// What became of each job, of a transaction that was carried out.
    func steps(of answer: TransactionAnswer, after beat: Int) -> ArraySlice<OperationAnswer> {
        switch self {
        case .flat: return [.nested(isSuccess: true, [])]
        case .guarded:
            guard case .nested(_, let steps) = answer.answers.last else { return [] }
            return steps[...]
        case .beating: return answer.answers.dropFirst(beat)
        }
    }
}

extension StoreError {
    /// This failure of a call of which a part was applied: certainty about the rest is not enough.
    var partlyApplied: Self {
        switch self {
        case .unavailable(let why), .full(let why), .tooLarge(let why): .unknown(why)
        case .unknown, .sessionLost, .nodeNameInUse, .conflict, .compacted, .noSuchJob, .jobBusy,
            .historyRegressed, .anotherStore, .corrupt, .incompatible:
            self
        }
    }

    /// Of two failures of one call, the one that leaves more open.
    func worse(_ other: Self) -> Self {
        if case .unknown = other { other } else { self }
    }
}
