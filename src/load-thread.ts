/** What runs in a load thread: the engine's shard, with this runtime's platform and the adapters that this package can find. */
import { serveShard } from './core/engine/threads/shard.ts'
import { describeError } from './core/errors.ts'
import { loadPlatform } from './platform/load.ts'
import { raiseThreadPriority } from './platform/priority.ts'
import { connectParent, onUncaught } from './platform/thread.ts'
import { loadPart } from './registry.ts'

raiseThreadPriority()
const parent = connectParent()
onUncaught((error) => parent.send({ kind: 'broken', message: describeError(error) }))
const platform = await loadPlatform()
serveShard(parent, platform, (specifier) => loadPart('adapter', specifier, platform))
