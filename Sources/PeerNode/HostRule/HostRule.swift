// What the owner of this host allows tasks, whatever the list says.

package import Vocabulary

/// The law of one host; what it does not speak of is allowed, but to become another user.
///
/// The list is written by many, and is the same everywhere; this is written by who owns the host.
/// It can only take away: no list can give a task what this does not allow.
package struct HostRule: Equatable, Sendable {
    /// Where it was read, for messages; `nil`: there is none, and this is the standard one.
    package var origin: String?
    /// As whom tasks may run; `nil`: only as the node's own user.
    package var users: [String]?
    /// Paths of programs, or of folders of such, which end with `/`; `nil`: any program.
    package var programs: [String]?
    /// Where tasks may work, and everything below; `nil`: anywhere.
    package var directories: [String]?
    /// Data sources that SQL tasks may use; `nil`: any, and any driver of the host's.
    package var databases: [String]?
    /// The most a task may have.
    ///
    /// One that names no limit has these.
    package var limits = TaskLimits()
    package var lowestNiceness = 0
    /// Whether programs may gain rights by their set-user-id bit or by file capabilities.
    package var allowsNewPrivileges = true

    package init() {}

    /// What a task that may be started is to have.
    package struct Permit: Equatable, Sendable {
        /// As whom it runs.
        package let user: String
        package let limits: TaskLimits
    }
}

/// Why a host does not start a task, as a sentence.
package struct HostRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
}

extension HostRule {
    /// Answers whether `task` may be started on this host, and with what.
    ///
    /// - Parameters:
    ///   - task: As the list has it.
    ///   - secrets: The variables it has besides its own.
    ///   - own: The name of the node's own user.
    /// - Returns: As whom it runs, and within which limits.
    /// - Throws: ``HostRefusal`` naming what is not allowed, and what is.
    package func permit(
        _ task: ShellTask,
        secrets: [String] = [],
        own: String
    ) throws(HostRefusal) -> Permit {
        let user = task.user ?? own
        try check(user: user, own: own)
        try check(program: task.executable)
        try check(variables: task.environment.keys.sorted() + secrets.sorted())
        try check(directory: task.directory)
        try check(task.limits)
        if let niceness = task.niceness, niceness < lowestNiceness {
            throw refusal("a niceness of \(niceness)", "write \(lowestNiceness) or more")
        }
        return Permit(user: user, limits: task.limits.within(limits))
    }

    private func check(user: String, own: String) throws(HostRefusal) {
        let allowed = users ?? [own]
        guard !allowed.contains(user) else { return }
        let mend =
            users == nil
            ? "leave user out, or let the host's owner write `user \(user)` into its rule"
            : "write one of \(allowed.joined(separator: ", "))"
        throw refusal("tasks as the user \(user)", mend)
    }

    private func check(program: String) throws(HostRefusal) {
        guard let programs else { return }
        let isAllowed =
            Self.isPlain(program)
            && programs.contains {
                $0.hasSuffix("/") ? program.hasPrefix($0) : program == $0
            }
        guard !isAllowed else { return }
        let all = programs.joined(separator: ", ")
        throw refusal("the program \(program)", "write one of \(all), as argv if it is no shell")
    }

    /// Programs that may be chosen are no choice if something else can be loaded into them.
    private func check(variables: [String]) throws(HostRefusal) {
        guard programs != nil else { return }
        let odd = variables.first(where: VariableCaution.bringsCode)
        guard let odd else { return }
        throw refusal("the variable \(odd), which brings code into a program", "leave it out")
    }

    /// Why SQL tasks may not use the database that `text` leads to, with everything filled in;
    /// `nil`: they may.
    ///
    /// Where the rule says which programs may run or where tasks may work, a driver or a file that
    /// the list names would be a way around it: then only the host's own data sources are left.
    func refusal(ofConnection text: String) -> String? {
        let connection: ConnectionString
        do throws(ConnectionString.Flaw) {
            connection = try ConnectionString(text)
        } catch {
            return "connection: \(error.detail)"
        }
        if let databases {
            guard connection.isSourceAlone, let source = connection.source,
                databases.contains(source)
            else {
                let all = databases.joined(separator: ", ")
                return "\(refusal("this database", "write one of \(all), and a Uid at most"))"
            }
        } else if programs != nil || directories != nil, !connection.isSourceAlone {
            let mend = "write a data source of /etc/odbc.ini, DSN=NAME, and a Uid at most"
            return "\(refusal("a connection that names more than a data source", mend))"
        }
        return nil
    }

    private func check(directory: String?) throws(HostRefusal) {
        guard let directories else { return }
        let all = directories.joined(separator: ", ")
        guard let directory else {
            throw refusal("a task without a directory", "write one in \(all)")
        }
        let isAllowed =
            Self.isPlain(directory)
            && directories.contains { allowed in
                directory == allowed || directory.hasPrefix(allowed == "/" ? "/" : allowed + "/")
            }
        guard !isAllowed else { return }
        throw refusal("the directory \(directory)", "write one in \(all)")
    }

    private func check(_ asked: TaskLimits) throws(HostRefusal) {
        let sizes = [
            ("memory", asked.memory, limits.memory),
            ("file_size", asked.fileSize, limits.fileSize),
        ]
        for case (let name, let asked?, let most?) in sizes where asked > most {
            throw refusal(
                "a limit of \(SizeText.format(asked)) on \(name)",
                "write \(SizeText.format(most)) or less"
            )
        }
        let counts = [
            ("processes", asked.processes, limits.processes), ("files", asked.files, limits.files),
        ]
        for case (let name, let asked?, let most?) in counts where asked > most {
            throw refusal("a limit of \(asked) on \(name)", "write \(most) or less")
        }
        if let asked = asked.cpuTime, let most = limits.cpuTime, asked > most {
            throw refusal(
                "a limit of \(DurationText.format(asked)) on cpu",
                "write \(DurationText.format(most)) or less"
            )
        }
    }

    private func refusal(_ what: String, _ mend: String) -> HostRefusal {
        let whose = origin.map { "this host's rule, \($0)," } ?? "this host, which has no rule,"
        return HostRefusal(description: "\(whose) does not allow \(what): \(mend)")
    }

    /// Whether a path says where it leads: `..` would lead out of any folder.
    static func isPlain(_ path: String) -> Bool {
        let steps = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        return path.hasPrefix("/") && steps.allSatisfy { !["", ".", ".."].contains($0) }
    }
}
