// What travels between peers: datagrams of frames, and questions and answers on streams.

package import Vocabulary

/// Who speaks, and how far its copy of the list is: the head that rides on every probe.
package struct Sender: Equatable, Sendable {
    package var name: NodeName
    package var bootEpoch: UInt64
    package var position: Position
    package var vitals: Vitals

    package init(
        name: NodeName,
        bootEpoch: UInt64,
        position: Position,
        vitals: Vitals = Vitals()
    ) {
        self.name = name
        self.bootEpoch = bootEpoch
        self.position = position
        self.vitals = vitals
    }
}

/// How a peer is at the moment: rides on its signs of life and is never passed on by others.
package struct Vitals: Equatable, Sendable {
    package var load: MemberLoad
    /// How much it doubts its own health, from 0 to 8.
    package var burden: UInt8
    /// A digest of who it believes is present; the same on two peers that believe the same.
    package var rosterDigest: UInt64
    /// Its wall clock when it answered, in whole milliseconds; `nil` in what is no answer.
    package var wallClock: Instant?

    package init(
        load: MemberLoad = MemberLoad(),
        burden: UInt8 = 0,
        rosterDigest: UInt64 = 0,
        wallClock: Instant? = nil
    ) {
        self.load = load
        self.burden = burden
        self.rosterDigest = rosterDigest
        self.wallClock = wallClock
    }
}

/// A claim about one member.
package struct Statement: Equatable, Sendable {
    package var member: Member
    /// For how long this has been so, in whole seconds: clocks of two machines are not compared.
    package var ageInSeconds: UInt64
    /// Who found out.
    package var accuser: NodeName

    package init(_ member: Member, ageInSeconds: UInt64 = 0, by accuser: NodeName) {
        self.member = member
        self.ageInSeconds = ageInSeconds
        self.accuser = accuser
    }
}

/// One part of a datagram.
package enum Frame: Equatable, Sendable {
    /// Asks `target` for an ``ack(_:from:)``; `nil` asks whoever lives at the address.
    case ping(UInt64, target: NodeName?, from: Sender)
    case ack(UInt64, from: Sender)
    /// Asks for a ping of `target` and for its answer to be passed on.
    case pingRequest(UInt64, target: NodeName, at: PeerAddress)
    /// A helper got no answer either; without this its asker would doubt itself.
    case nack(UInt64)
    case statement(Statement)
    case batch(ChangeBatch)
    /// There is something to fetch.
    case have(Sender)
    /// Asks for the changes after a revision, as many as go into a few datagrams: each as
    /// ``given(_:)``, and ``gaveAll(_:)`` at the end.
    case want(after: Revision)
    /// A change that was asked for; it is not passed on by itself.
    case given(ChangeBatch)
    case gaveAll(Sender)
    /// A number other than 0 asks for a ``signalAck(_:)``.
    case signal(UInt64, Signal, from: NodeName)
    case signalAck(UInt64)
}

extension Frame {
    /// Who speaks, where the frame says so of itself.
    package var speaker: NodeName? {
        switch self {
        case .ping(_, target: _, from: let sender), .ack(_, from: let sender), .have(let sender),
            .gaveAll(let sender):
            sender.name
        case .pingRequest, .nack, .statement, .batch, .want, .given, .signal, .signalAck: nil
        }
    }
}

/// Everything one peer believes about everybody.
package struct RosterSheet: Equatable, Sendable {
    package static let limit = 20_000

    package var sender: Sender
    package var statements: [Statement]

    package init(sender: Sender, statements: [Statement]) {
        self.sender = sender
        self.statements = statements
    }
}

/// Whom one peer believes to be present, eight bytes each: enough to say where two differ.
package struct RosterMarks: Equatable, Sendable {
    package var sender: Sender
    /// What the sender says of itself; it need not be known yet.
    package var statement: Statement
    package var marks: [UInt64]

    package init(sender: Sender, statement: Statement, marks: [UInt64]) {
        self.sender = sender
        self.statement = statement
        self.marks = marks
    }
}

/// What one peer asks another on a stream.
package enum StreamRequest: Equatable, Sendable {
    /// Take these statements, and answer with a sheet of those that are outdated.
    case pushPull(RosterSheet)
    /// Answer with ``StreamReply/difference(_:wanted:)``.
    case compare(RosterMarks)
    /// The batches after a revision, as many as fit an answer.
    case pull(after: Revision)
    /// All objects in key order after a key, as many answers as it takes; only from a copy that has
    /// `base` in its history, if that is given.
    case snapshot(after: ObjectKey?, base: Position?)
    case audit(AuditQuestion)
    /// Is `target` there? For when datagrams get lost.
    case ping(target: NodeName)
}

/// What the other answers.
package enum StreamReply: Equatable, Sendable {
    /// What the asker has no mark of, and the marks that say nothing here.
    case difference(RosterSheet, wanted: [UInt64])
    case sheet(RosterSheet)
    case batches([ChangeBatch])
    /// Changes before `floor` are no longer kept there: ask for a snapshot.
    case compacted(floor: Revision)
    case chunk(SnapshotChunk)
    /// As many as may are being served already: ask somebody else, or later.
    case busy
    /// The batch of this revision does not fit an answer: the store has it.
    case tooLarge(Revision)
    case audit(AuditAnswer)
    case pong(Sender)
    case refused(String)
}
