// What jobs with the same outline share: when they are due, and by which rules.

internal import LockLease
internal import Vocabulary

/// An outline made ready to be asked.
struct JobPlan: Sendable {
    typealias Index = Int

    struct Span: Sendable {
        let schedule: ScheduleLibrary.Index?
        let isPaused: Bool
        let through: Instant
    }

    /// What becomes of instants that nobody started in time.
    struct Misfires: Sendable {
        let policy: MisfirePolicy
        let startDeadline: Duration
        let catchUpWindow: Duration
        let storeLoss: StoreLossPolicy

        init(_ spec: JobSpec) {
            policy = spec.misfire
            startDeadline = spec.startDeadline
            catchUpWindow = spec.catchUpWindow
            storeLoss = spec.storeLoss
        }
    }

    /// A copy on the heap, kept only where it is needed again; it is hashed once.
    final class Kept: Hashable, Sendable {
        let outline: JobOutline
        private let hash: Int

        init(_ outline: JobOutline) {
            self.outline = outline
            hash = outline.hashValue
        }

        func hash(into hasher: inout Hasher) { hasher.combine(hash) }

        static func == (lhs: Kept, rhs: Kept) -> Bool {
            lhs === rhs || lhs.hash == rhs.hash && lhs.outline == rhs.outline
        }
    }

    let audience: Ranking.Audience
    let misfires: Misfires
    let pause: Pause?
    /// For plans that are shared, or read anew when calendars change.
    var kept: Kept?
    var spans: [Span]
    /// Why nothing may be due.
    var fault: String?
    /// Whether all its schedules could be read and at least one thing can ever be due.
    var hasTimes: Bool
    var lastEraEnd: Instant?
    /// The calendars that its instants are worked out by; a claim names them.
    var calendars: [CalendarMark]
    /// How many jobs have it.
    var users = 0

    /// Whether nothing may be claimed at `now`.
    func isPaused(at now: Instant) -> Bool {
        guard let pause else { return false }
        return pause.until.map { now <= $0 } ?? true
    }
}

/// All plans; the usual ones are made once and forgotten with their last user.
///
/// A job that was edited or is paused has a past of its own and so a plan of its own.
struct PlanLibrary: Sendable {
    /// A plan without users is vacant.
    private var plans: [JobPlan] = []
    private var shared: [JobPlan.Kept: JobPlan.Index] = [:]
    private var vacant: [JobPlan.Index] = []

    /// How many there are.
    var count: Int { plans.count - vacant.count }

    subscript(index: JobPlan.Index) -> JobPlan { plans[index] }

    /// Answered without a copy of the plan: every job that comes or rests asks.
    func hasTimes(_ index: JobPlan.Index) -> Bool { plans[index].hasTimes }
    func pause(of index: JobPlan.Index) -> Pause? { plans[index].pause }
    func audience(of index: JobPlan.Index) -> Ranking.Audience { plans[index].audience }
    func fault(of index: JobPlan.Index) -> String? { plans[index].fault }

    /// Whether nothing may be claimed under the plan at `now`.
    func isPaused(_ index: JobPlan.Index, at now: Instant) -> Bool {
        plans[index].pause != nil && plans[index].isPaused(at: now)
    }

    /// The schedule of a plan that has but one, and was never edited or paused.
    func onlySchedule(of index: JobPlan.Index) -> ScheduleLibrary.Index? {
        let plan = plans[index]
        guard plan.hasTimes, plan.pause == nil, plan.lastEraEnd == nil, plan.spans.count == 1,
            !plan.spans[0].isPaused
        else { return nil }
        return plan.spans[0].schedule
    }

    /// The plan of `outline`, for one more user; what it shares with others is not compiled again.
    ///
    /// `nil`: there are more plans than can be told apart.
    mutating func take(
        _ outline: JobOutline,
        _ library: inout ScheduleLibrary,
        _ ranking: inout Ranking,
        _ calendars: inout CalendarTable
    ) -> JobPlan.Index? {
        let isShared = outline.job.eras.isEmpty && outline.job.pause == nil
        let names = outline.calendarNames
        let kept = isShared || !names.isEmpty ? JobPlan.Kept(outline) : nil
        if isShared, let kept, let index = shared[kept] {
            plans[index].users += 1
            return index
        }
        guard !vacant.isEmpty || plans.count < JobTable.planLimit else { return nil }
        var plan = JobPlan(
            audience: ranking.take(outline.job.spec),
            misfires: JobPlan.Misfires(outline.job.spec),
            pause: outline.job.pause,
            kept: kept,
            spans: [],
            hasTimes: false,
            calendars: [],
            users: 1
        )
        Self.compile(outline, into: &plan, &library, calendars)
        let index = vacant.popLast() ?? plans.count
        if index == plans.count { plans.append(plan) } else { plans[index] = plan }
        if isShared, let kept { shared[kept] = index }
        calendars.note(index, uses: outline.job.spec.rules.calendar, in: outline.tenant)
        return index
    }

    /// One more job has the plan.
    mutating func share(_ index: JobPlan.Index, by count: Int = 1) {
        plans[index].users += count
    }

    /// Gives back so many shares; the last takes the plan along.
    mutating func release(
        _ index: JobPlan.Index,
        by count: Int = 1,
        _ library: inout ScheduleLibrary,
        _ ranking: inout Ranking,
        _ calendars: inout CalendarTable
    ) {
        plans[index].users -= count
        guard plans[index].users <= 0 else { return }
        let plan = plans[index]
        plans[index].spans = []
        plans[index].calendars = []
        plans[index].kept = nil
        vacant.append(index)
        if let kept = plan.kept {
            if shared[kept] == index { shared[kept] = nil }
            calendars.note(index, uses: nil, in: "")
        }
        ranking.release(plan.audience)
        Self.giveBack(plan.spans, &library)
    }

    /// Reads the schedules anew, because a calendar has changed.
    mutating func recompile(
        _ index: JobPlan.Index,
        _ library: inout ScheduleLibrary,
        _ calendars: CalendarTable
    ) {
        let old = plans[index]
        guard let outline = old.kept?.outline else { return }
        var plan = old
        Self.compile(outline, into: &plan, &library, calendars)
        plans[index] = plan
        Self.giveBack(old.spans, &library)
    }

    private static func compile(
        _ outline: JobOutline,
        into plan: inout JobPlan,
        _ library: inout ScheduleLibrary,
        _ calendars: CalendarTable
    ) {
        var compiler = SpanCompiler(outline: outline, calendars: calendars)
        compiler.compile(with: &library)
        let isScheduled =
            compiler.lastEraEnd != nil || compiler.spans.contains { $0.schedule != nil }
        plan.spans = compiler.spans
        plan.fault = compiler.fault
        plan.hasTimes = compiler.fault == nil && isScheduled
        plan.lastEraEnd = compiler.lastEraEnd
        plan.calendars = calendars.marks(
            of: outline.job.spec.rules.calendar,
            in: outline.tenant
        )
    }

    private static func giveBack(_ spans: [JobPlan.Span], _ library: inout ScheduleLibrary) {
        for span in spans {
            if let schedule = span.schedule { library.release(schedule) }
        }
    }

    /// How many bytes the plans take, but for outlines that are kept to share them.
    var footprint: Int {
        let spans = plans.reduce(0) { sum, plan in
            sum + 32 + plan.spans.capacity * MemoryLayout<JobPlan.Span>.stride
        }
        return plans.capacity * MemoryLayout<JobPlan>.stride + spans
    }
}

extension JobOutline {
    /// The calendars that what the job says now goes by.
    fileprivate var calendarNames: [String] {
        ([job.spec.rules] + job.eras.map(\.rules)).flatMap { $0.calendar?.names ?? [] }
    }
}

// MARK: When

extension PlanLibrary {
    /// When a cursor at `instant` has something to decide next: an instant, or the last era's end.
    func attention(
        of index: JobPlan.Index,
        for seed: JobSeed,
        after instant: Instant,
        _ library: inout ScheduleLibrary
    ) -> Instant? {
        var due: Instant?
        var start = instant
        for place in plans[index].spans.indices {
            let through = plans[index].spans[place].through
            guard through > start else { continue }
            if let schedule = plans[index].spans[place].schedule,
                let fire = library.next(schedule, for: seed, after: start), fire <= through
            {
                due = fire
                break
            }
            start = through
        }
        guard let lastEraEnd = plans[index].lastEraEnd, lastEraEnd > instant else { return due }
        return min(due ?? lastEraEnd, lastEraEnd)
    }

    func timeline(
        of index: JobPlan.Index,
        for seed: JobSeed,
        _ library: ScheduleLibrary
    ) -> Timeline {
        let plan = plans[index]
        return Timeline(
            stretches: plan.spans.map { span in
                Timeline.Stretch(
                    schedule: span.schedule.flatMap { library.schedule($0, for: seed) },
                    isPaused: span.isPaused,
                    through: span.through
                )
            },
            lastEraEnd: plan.lastEraEnd
        )
    }
}
