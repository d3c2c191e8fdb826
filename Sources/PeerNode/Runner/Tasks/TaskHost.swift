// What a host gives its tasks: users, limits and groups, within what its owner allows.

package import HTTPClient
internal import LockLease
package import Platform
internal import Vocabulary

/// Where a host's rule comes from.
package enum RuleSource: Equatable, Sendable {
    case fixed(HostRule)
    /// Its file, read for each run: a runner outlives its node, and what it held would grow old.
    case host(RunnerHost)

    /// The rule in force now.
    ///
    /// - Throws: ``HostRuleError``; then nothing may be started.
    func current() throws(HostRuleError) -> HostRule {
        switch self {
        case .fixed(let rule): rule
        case .host(let host): try host.readRule()
        }
    }
}

/// This host, as tasks find it.
package struct TaskHost: Equatable, Sendable {
    package var rules: RuleSource
    /// `nil`: runs have no cgroups of their own.
    package var cgroups: CgroupRoot?
    /// Where the values of secrets are found.
    package var secrets: SecretResolver
    /// Which addresses HTTP tasks may reach.
    package var addresses: AddressRule

    package init(
        rules: RuleSource = .fixed(HostRule()),
        cgroups: CgroupRoot? = nil,
        secrets: SecretResolver = SecretResolver(),
        addresses: AddressRule = AddressRule()
    ) {
        self.rules = rules
        self.cgroups = cgroups
        self.secrets = secrets
        self.addresses = addresses
    }
}

extension TaskHost {
    /// What to start for `task`, with its cgroup made, and what it may have.
    ///
    /// - Throws: ``SpawnError`` if it may not be started here.
    func command(
        for task: ShellTask,
        of order: RunOrder,
        secrets: [String: String]
    ) throws(SpawnError) -> (ChildCommand, HostRule.Permit) {
        let own = HostUser.own
        let rule: HostRule
        do throws(HostRuleError) {
            rule = try rules.current()
        } catch {
            throw .forbidden("the host's rule cannot be read: \(error)")
        }
        let permit: HostRule.Permit
        do throws(HostRefusal) {
            permit = try rule.permit(task, secrets: Array(secrets.keys), own: own.name)
        } catch {
            throw .forbidden("\(error)")
        }
        let user = try task.user == nil ? nil : lookUp(permit.user, own: own)
        let run = order.grant.run.text
        var command = ChildCommand(
            program: task.executable,
            arguments: task.arguments,
            environment: TaskVariables.environment(
                for: order,
                task: task,
                user: user,
                secrets: secrets
            ),
            directory: task.directory ?? (user == nil ? nil : "/"),
            input: task.input.map { Array($0.utf8) }
        )
        // Who is it already need not become it, and could not without being root.
        command.identity = user?.userID == own.userID ? nil : user
        command.umask = task.umask
        command.niceness = task.niceness
        command.limits = permit.limits
        command.mark = ProcessMark(run)
        command.isWithoutNewPrivileges = !rule.allowsNewPrivileges
        command.endsWithItsStarter = true
        guard let cgroups else { return (command, permit) }
        do throws(SystemError) {
            command.cgroup = try cgroups.makeFolder(named: run, limits: permit.limits)
            command.limits = cgroups.limitsOfProcesses(permit.limits)
        } catch {
            throw .cgroupRefused(cgroups.path, error)
        }
        return (command, permit)
    }

    private func lookUp(_ name: String, own: HostUser) throws(SpawnError) -> HostUser {
        if name == own.name { return own }
        do throws(SystemError) {
            if let user = try HostUser.named(name) { return user }
        } catch {
            throw .userRefused(name, error)
        }
        throw .forbidden(
            "there is no user \(name) on this node. Make one, or name one that is there"
        )
    }
}
