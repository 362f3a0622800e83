const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/;

export function isAgentId(id: string): boolean {
  return AGENT_ID.test(id);
}
