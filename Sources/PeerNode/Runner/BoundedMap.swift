// A dictionary that forgets its oldest entries.

internal import Vocabulary

/// Keeps at most `limit` values, those set last.
struct BoundedMap<Value> {
    private let limit: Int
    private var values: [RunID: Value] = [:]
    private var order: ArraySlice<RunID> = []

    init(limit: Int) {
        self.limit = limit
    }

    subscript(run: RunID) -> Value? {
        get { values[run] }
        set {
            guard let newValue else { return }
            if values.updateValue(newValue, forKey: run) == nil { order.append(run) }
            if order.count > limit { values[order.removeFirst()] = nil }
        }
    }
}
