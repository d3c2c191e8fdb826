// Work that may take long, and that nobody waits for.

/// Does one thing at a time, and of what is wished for meanwhile only the newest.
///
/// So a slow store holds up nothing else, is asked no oftener than it answers, and no answer
/// overtakes a later one.
struct Errand<Wish: Sendable>: Sendable {
    private let wishes: AsyncStream<Wish>
    private let queue: AsyncStream<Wish>.Continuation

    init() {
        (wishes, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func wish(_ wish: Wish) {
        queue.yield(wish)
    }

    /// Lets ``run(_:)`` return once what was wished for is done.
    func end() {
        queue.finish()
    }

    /// Does what is wished for until ``end()``, or until the surrounding task is cancelled.
    func run(_ work: (Wish) async -> Void) async {
        for await wish in wishes { await work(wish) }
    }
}
