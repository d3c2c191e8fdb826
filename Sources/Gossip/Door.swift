// Who says that it is there, and has not shown it yet.

internal import Vocabulary

/// Newcomers, asked at the address that they advertise before anybody hears of them.
///
/// A peer that can speak but not be spoken to would be suspected and object for ever.
struct Door: Equatable, Sendable {
    struct Guest: Equatable, Sendable {
        let statement: Statement
        /// Of the datagram and of the stream that ask for it.
        let number: UInt64
        var hasAnswered = false
        var hasAnsweredStream = false
        var triesLeft: Int
        var due: MonotonicInstant
    }

    /// At once; others ask again, or somebody else lets them in.
    static let limit = 512
    static let tries = 5

    var guests: [Guest] = []

    var nextDue: MonotonicInstant? { guests.lazy.map(\.due).min() }

    func place(of number: UInt64) -> Int? { guests.firstIndex { $0.number == number } }
}

extension GossipMachine {
    /// Whether a claim is a newcomer's own word, or of one that says it has moved.
    func isUnproved(_ statement: Statement) -> Bool {
        guard tuning.knocks, statement.accuser == statement.member.name,
            statement.member.isPresent
        else { return false }
        guard let held = roster[statement.member.name]?.member else { return true }
        return held.address != statement.member.address
            && statement.member.standing > held.standing
    }

    /// Asks a newcomer where it says it is, over both ways, unless that is being done.
    mutating func knock(_ statement: Statement, at now: MonotonicInstant) {
        if let place = door.guests.firstIndex(where: {
            $0.statement.member.name == statement.member.name
        }) {
            guard door.guests[place].statement.member.standing < statement.member.standing else {
                return
            }
            door.guests.remove(at: place)
        }
        guard door.guests.count < Door.limit else { return }
        door.guests.append(
            Door.Guest(
                statement: statement,
                number: nextNumber(),
                triesLeft: Door.tries,
                due: now + tuning.knockInterval
            )
        )
        askGuest(door.guests.count - 1)
    }

    private mutating func askGuest(_ place: Int) {
        let guest = door.guests[place]
        let (name, address) = (guest.statement.member.name, guest.statement.member.address)
        if !guest.hasAnswered {
            send([.ping(guest.number, target: name, from: sender)], to: address)
        }
        guard !guest.hasAnsweredStream, !purposes.values.contains(.knock(guest.number)) else {
            return
        }
        exchange(.ping(target: name), with: address, for: .knock(guest.number))
    }

    mutating func knockIfDue(at now: MonotonicInstant) {
        for guest in door.guests where guest.due <= now {
            guard let place = door.place(of: guest.number) else { continue }
            guard guest.triesLeft > 1 else {
                door.guests.remove(at: place)
                let member = guest.statement.member
                outbox.append(.note(.unreachable(member.name, at: member.address)))
                continue
            }
            door.guests[place].triesLeft -= 1
            door.guests[place].due = now + tuning.knockInterval
            askGuest(place)
        }
    }

    /// A newcomer answered one of the two; if it is the second, it is a member.
    mutating func guestAnswered(
        _ number: UInt64,
        _ answerer: Sender,
        onStream isStream: Bool,
        at now: MonotonicInstant
    ) {
        guard let place = door.place(of: number) else { return }
        let statement = door.guests[place].statement
        guard answerer.name == statement.member.name else { return }
        if isStream {
            door.guests[place].hasAnsweredStream = true
        } else {
            door.guests[place].hasAnswered = true
        }
        guard door.guests[place].hasAnswered, door.guests[place].hasAnsweredStream else { return }
        door.guests.remove(at: place)
        var proved = statement
        proved.accuser = me.name
        _ = weigh(proved, at: now)
        roster.note(answerer)
    }
}
