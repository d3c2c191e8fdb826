// What takes time: streams, the copy of the list, files.

internal import Gossip
internal import Platform
internal import Vocabulary

extension GossipDriver {
    func perform(_ errand: Errand) async {
        switch errand {
        case .passOn(let position):
            let new = try? await list.changes(
                after: machine.position.revision,
                limit: Self.passedOnCount + 1
            )
            passOn(new ?? [], to: position)
        case .exchange(let number, let request, let peer):
            await exchange(number, request, with: peer)
            shelf.endAsking()
        case .install(let number, let peer, let above):
            await install(number, from: peer, above: above)
            shelf.endAsking()
        case .catchUp: await catchUp()
        case .tend: await tend()
        case .serve(let socket):
            await serve(socket)
            shelf.endServing()
        case .keepMembers(let members):
            guard let error = await desk.keep(members: members, at: settings.membersFile) else {
                return
            }
            log.warning("gossip.members-not-kept", ["why": "\(error)"])
        case .keepBootEpoch(let epoch):
            guard let error = await desk.keep(bootEpoch: epoch, at: settings.bootEpochFile)
            else { return }
            log.warning("gossip.boot-epoch-not-kept", ["why": "\(error)"])
        }
    }

    /// Spreads what the list has beyond what gossip knows of it.
    func passOn(_ position: Position) {
        let have = machine.position.revision
        guard position.revision > have else { return }
        guard hasStarted, let new = list.recent(after: have, limit: Self.passedOnCount + 1) else {
            errands.yield(.passOn(position))
            return
        }
        passOn(new, to: position)
    }

    /// Spreads `new` as it is, if it is not much, and else announces `position`.
    private func passOn(_ new: [ChangeBatch], to position: Position) {
        if new.count <= Self.passedOnCount {
            for batch in new { handle(.published(batch)) }
        }
        handle(.advanced(position))
    }

    /// Has the list take `batches`: one hop to its thread, and one back.
    func apply(_ batches: [ChangeBatch]) {
        list.take(batches) { [weak self, loop] result, position in
            loop.call {
                self?.assumeIsolated { driver in
                    driver.handle(.applied(driver.outcome(of: result, at: position)))
                }
            }
        }
    }

    private func outcome(
        of result: Result<ApplyOutcome, ReplicaError>,
        at position: Position
    ) -> ListOutcome {
        do throws(ReplicaError) {
            switch try result.get() {
            case .applied(let position): return .applied(position)
            case .gap(let position, _): return .gap(have: position)
            case .diverged(let position): return .diverged(have: position)
            }
        } catch {
            guard case .quarantined(let revision, let why, let isNew) = error else {
                log.error("gossip.apply-failed", ["why": "\(error)"])
                return .failed(have: position)
            }
            if isNew {
                log.error(
                    "gossip.batch-quarantined",
                    ["revision": revision.description, "why": why]
                )
            }
            return .refused(have: position, batch: revision)
        }
    }

    private func exchange(
        _ number: UInt64,
        _ request: StreamRequest,
        with peer: PeerAddress
    ) async {
        for address in await names.resolved(peer) {
            do throws(StreamFault) {
                let reply = try await desk.ask(request, at: address) {
                    noteConnection(number)
                }
                // One of a name's addresses may be our own.
                guard !isOwn(reply) else { continue }
                return handle(.answered(number, believable(reply, from: address)))
            } catch {
                note(error, with: peer.text)
            }
        }
        handle(.exchangeFailed(number))
    }

    private func isOwn(_ reply: StreamReply) -> Bool {
        let theirs: Sender
        switch reply {
        case .sheet(let sheet), .difference(let sheet, wanted: _): theirs = sheet.sender
        case _: return false
        }
        return theirs.name == settings.name && theirs.bootEpoch == sender.bootEpoch
    }

    private func believable(_ reply: StreamReply, from address: SocketAddress) -> StreamReply {
        switch reply {
        case .sheet(let sheet): .sheet(believable(sheet, from: address))
        case .difference(let sheet, let wanted):
            .difference(believable(sheet, from: address), wanted: wanted)
        case _: reply
        }
    }

    /// `sheet` without claims that nobody there could know.
    func believable(_ sheet: RosterSheet, from address: SocketAddress?) -> RosterSheet {
        guard let address else { return sheet }
        let said = PacketManners.believable(sheet, from: address)
        complain(ofUnreachable: said.unreachable, from: address.description)
        return said.sheet
    }

    /// Fetches another peer's copy and takes it over, if it is further on than ours.
    ///
    /// What arrived before the connection broke is kept; the next peer is asked for the rest.
    private func install(_ number: UInt64, from peer: PeerAddress, above: Revision) async {
        guard let address = await names.resolved(peer).first else {
            return handle(.exchangeFailed(number))
        }
        do throws(FetchFault) {
            let position = try await fetchList(from: address, above: above)
            handle(.installed(number, position))
        } catch {
            switch error {
            case .stream(let fault): note(fault, with: peer.text)
            case .busy: log.debug("gossip.snapshot-busy", ["peer": peer.text])
            case .gone(let why):
                log.info("gossip.snapshot-useless", ["peer": peer.text, "why": why])
            case .list(let error):
                log.error("gossip.install-failed", ["peer": peer.text, "why": "\(error)"])
            }
            handle(.exchangeFailed(number))
        }
    }

    func fetchList(
        from address: SocketAddress,
        above: Revision
    ) async throws(FetchFault) -> Position {
        let installation: any ListInstallation
        do throws(ReplicaError) { installation = try await list.beginInstallation() } catch {
            throw .list(error)
        }
        do throws(FetchFault) {
            try await desk.fetch(into: installation, from: address, above: above)
        } catch {
            switch error {
            case .stream, .busy: await list.pauseInstallation()
            case .gone, .list: await list.dropInstallation()
            }
            throw error
        }
        let count = await installation.progress().count
        do throws(ReplicaError) {
            let position = try await list.finishInstallation()
            log.info(
                "gossip.snapshot-installed",
                ["objects": "\(count)", "position": position.description]
            )
            return position
        } catch {
            throw .list(error)
        }
    }

    private func serve(_ socket: Socket) async {
        let guest = socket.remoteAddress
        do throws(StreamFault) {
            try await desk.serve(
                socket,
                comparing: { await self.compare($0, from: guest) },
                me: { await self.sender }
            )
            shelf.count { $0.streamsServed += 1 }
        } catch {
            note(error, with: guest?.description ?? "guest")
        }
    }
}
