// Long reads of the store's file, on a thread and a connection of their own.

internal import Platform
internal import SQLite
internal import Vocabulary

/// Checks and copies the file while the store goes on working; readers hold up no writer.
actor UpkeepLane {
    private static let checkInterval = Duration.seconds(86_400)

    private let path: String
    private let settings: SQLiteStoreSettings
    private let loop: EventLoop
    private var checkedAt = SystemClock.monotonic

    /// The file has just been checked, by whoever opened it.
    init(path: String, settings: SQLiteStoreSettings) {
        self.path = path
        self.settings = settings
        loop = EventLoop(name: "store-upkeep")
    }

    deinit {
        loop.stop()
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Looks through the whole file, unless that was done within the last day.
    func checkDaily() throws(StoreError) {
        let now = SystemClock.monotonic
        guard checkedAt.duration(to: now) >= Self.checkInterval else { return }
        try StoreFile.join(path: path, settings: settings).checkPages()
        checkedAt = now
    }

    /// Writes all that is committed to a new file at `target`.
    ///
    /// SQLite reads one state of the file throughout, whatever is written meanwhile.
    /// <https://www.sqlite.org/lang_vacuum.html#vacuuminto>
    func backUp(to target: String) throws(StoreError) {
        guard !FileStore.exists(target) else {
            throw .incompatible("\(target) is there already. Name a file that is not")
        }
        let file = try StoreFile.join(path: path, settings: settings)
        do throws(StoreError) {
            try file.run("VACUUM INTO ?", [.text(target)])
        } catch {
            FileSystemKind.remove(target)
            throw error
        }
    }
}
