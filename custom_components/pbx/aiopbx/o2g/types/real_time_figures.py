"""Wire types of O2G: what figures there are in real time, and what states."""

from .base import WireEnum


class RtiAgentType(WireEnum):
    """Whether an agent is a person."""

    NORMAL = "Normal"
    IVR = "IVR"


class AgentServiceState(WireEnum):
    """Whether an agent works, in real time."""

    LOGGED_OUT = "LoggedOut"
    LOGGED_IN = "LoggedIn"
    ASSIGNED = "Assigned"
    WITHDRAWN = "Withdrawn"
    UNKNOWN = "unknown"


class AgentPhoneState(WireEnum):
    """What the set of an agent does, in real time."""

    IDLE = "Idle"
    LINE_LOCKOUT = "LineLockout"
    OUT_OF_ORDER = "OutOfOrder"
    ACD_RINGING = "AcdRinging"
    ACD_CONVERSATION = "AcdConversation"
    ACD_CONSULTATION = "AcdConsultation"
    HELP = "Help"
    ACD_CONFERENCE = "AcdConference"
    TRANSACTION_ON_DIAL = "TransactionOnDial"
    PAUSE = "Pause"
    WRAP_UP = "WrapUp"
    SUPERVISOR_DISCRETE_LISTENING = "SupervisorDiscreteListening"
    AGENT_DISCRETE_LISTENING = "AgentDiscreteListening"
    RECORDING = "Recording"
    LOGGED_OUT = "LoggedOut"
    HELD = "Held"
    DIALING = "Dialing"
    PRIVATE_RINGING = "PrivateRinging"
    PRIVATE_LOCAL_CONVERSATION = "PrivateLocalConversation"
    PRIVATE_EXTERNAL_CONVERSATION = "PrivateExternalConversation"
    PRIVATE_CONSULTATION = "PrivateConsultation"
    PRIVATE_CONFERENCE = "PrivateConference"
    BUSY_TONE = "BusyTone"
    RESERVED = "Reserved"
    ACD_OUTGOING_CONVERSATION = "AcdOutgoingConversation"
    CONTINUOUS_SUPERVISION = "ContinuousSupervision"
    UNAVAILABLE = "Unavailable"
    UNKNOWN = "unknown"


class AgentProcessingGroupType(WireEnum):
    """What a processing group consists of."""

    AGENT = "Agent"
    IVR = "IVR"
    QUEUED_IVR = "QueuedIVR"
    UNKNOWN = "unknown"


class QueueType(WireEnum):
    """What a queue is for."""

    NORMAL = "Normal"
    MUTUAL_AID = "MutualAid"
    DISSUASION = "Dissuasion"
    VIRTUAL = "Virtual"
    WAITING_ROOM = "WaitingRoom"
    VIRTUAL_WAITING_ROOM = "VirtualWaitingRoom"
    UNKNOWN = "unknown"


class OtherProcessingGroupType(WireEnum):
    """Where a group without agents sends calls. Some servers write these with a small letter first."""

    MUTUAL_AID = "MutualAid"
    FORWARD = "Forward"
    GUIDE = "Guide"
    REMOTE = "Remote"
    UNKNOWN = "unknown"


class RtiAgentAttributes(WireEnum):
    """A figure of agents."""

    ASSOCIATED_SET = "AssociatedSet"
    CURRENT_PG = "CurrentPG"
    PHONE_STATE = "PhoneState"
    LOGON_DATE = "LogonDate"
    PRIVATE_CALLS_TOTAL_DURATION = "PrivateCallsTotalDuration"
    COM_DATE = "ComDate"
    COM_DURATION = "ComDuration"
    NB_OF_PRIVATE_CALLS = "NBOfPrivateCalls"
    NB_OF_SERVED_ACD_CALLS = "NbOfServedACDCalls"
    NB_OF_REFUSED_ACD_CALLS = "NbOfRefusedACDCalls"
    NB_OF_TRANSFERRED_ACD_CALLS = "NbOfTransferredACDCalls"
    NB_OF_OUTGOING_ACD_CALLS = "NbOfOutgoingACDCalls"
    NB_OF_INTERCEPTED_ACD_CALLS = "NbOfInterceptedACDCalls"
    SERVICE_STATE = "ServiceState"
    NB_OF_WITHDRAWALS = "NbOfWithdrawals"
    WITHDRAWALS_TOTAL_DURATION = "WithdrawalsTotalDuration"
    WITHDRAW_REASON = "WithdrawReason"
    PILOT_NAME = "PilotName"
    QUEUE_NAME = "QueueName"
    ALL = "ALL"


class RtiPilotAttributes(WireEnum):
    """A figure of pilots."""

    STATE = "State"
    SERVICE_LEVEL = "ServiceLevel"
    CURRENT_RULE_NAME = "CurrentRuleName"
    NB_OF_WAITING_CALLS = "NbOfWaitingCalls"
    NB_OF_MUTUAL_AID_CALLS = "NbOfMutualAidCalls"
    NB_OF_CALLS_IN_CONVERSATION = "NbOfCallsInConversation"
    NB_OF_CALLS_IN_REMOTE_PG = "NbOfCallsInRemotePG"
    AVERAGE_WAITING_TIME = "AverageWaitingTime"
    NB_OF_RUNNING_CALLS = "NbOfRunningCalls"
    NB_OF_RINGING_ACD_CALLS = "NbOfRingingACDCalls"
    NB_OF_DISSUADED_CALLS = "NbOfDissuadedCalls"
    NB_OF_CALLS_IN_GENERAL_FORWARDING = "NbOfCallsInGeneralForwarding"
    EFFICIENCY = "Efficiency"
    INCOMING_TRAFFIC = "IncomingTraffic"
    ALL = "ALL"


class RtiQueueAttributes(WireEnum):
    """A figure of queues."""

    STATE = "State"
    NB_OF_AGENTS_IN_DISTRIBUTION = "NbOfAgentsInDistribution"
    INCOMING_TRAFFIC = "IncomingTraffic"
    OUTGOING_TRAFFIC = "OutgoingTraffic"
    NB_OF_WAITING_CALLS = "NbOfWaitingCalls"
    CURRENT_WAITING_TIME = "CurrentWaitingTime"
    EXPECTED_WAITING_TIME = "ExpectedWaitingTime"
    FILLING_RATE = "FillingRate"
    LONGEST_WAITING_TIME_IN_LIST = "LongestWaitingTimeInList"
    ALL = "ALL"


class RtiAgentProcessingGroupAttributes(WireEnum):
    """A figure of processing groups with agents."""

    STATE = "State"
    NB_OF_WITHDRAWN_AGENTS = "NbOfWithdrawnAgents"
    NB_OF_AGENTS_IN_PRIVATE_CALL = "NbOfAgentsInPrivateCall"
    NB_OF_AGENTS_IN_ACD_CALL = "NbOfAgentsInACDCall"
    NB_OF_AGENTS_IN_ACD_RINGING = "NbOfAgentsInACDRinging"
    NB_OF_AGENTS_IN_ACD_CONV = "NbOfAgentsInACDConv"
    NB_OF_AGENTS_IN_WRAPUP_AND_TRANSACTION = "NbOfAgentsInWrapupAndTransaction"
    NB_OF_AGENTS_IN_PAUSE = "NbOfAgentsInPause"
    NB_OF_BUSY_AGENTS = "NbOfBusyAgents"
    NB_OF_LOGGED_ON_AGENTS = "NbOfLoggedOnAgents"
    NB_OF_FREE_AGENTS = "NbOfFreeAgents"
    NB_OF_IDLE_AGENTS = "NbOfIdleAgents"
    NB_OF_LOGGED_ON_AND_NOT_WITHDRAWN_AGENTS = "NbOfLoggedOnAndNotWithdrawnAgents"
    CONSOLIDATED_QUEUES_WAITING_TIME = "ConsolidatedQueuesWaitingTime"
    CONSOLIDATED_QUEUES_NB_OF_WAITING_CALLS = "ConsolidatedQueuesNbOfWaitingCalls"
    CONSOLIDATED_QUEUES_EWT = "ConsolidatedQueuesEWT"
    SERVICE_LEVEL = "ServiceLevel"
    EFFICIENCY = "Efficiency"
    INCOMING_TRAFFIC = "IncomingTraffic"
    ALL = "ALL"


class RtiOtherProcessingGroupAttributes(WireEnum):
    """A figure of other processing groups."""

    STATE = "State"
    NB_OF_ACD_CALLS = "NbOfACDCalls"
    INCOMING_TRAFFIC = "IncomingTraffic"
    ALL = "ALL"
