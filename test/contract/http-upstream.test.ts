// Does the undici upstream keep the promises of the interface?

import { upstreamTo } from '../upstream/setting-up.ts'
import { upstreamContract } from './upstream-contract.ts'

upstreamContract('HTTP by undici', (url, changes) => upstreamTo(url, changes).upstream)
